"""The parameters of a block as NumPy arrays by canonical name, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from mxnet import gluon, nd

from harness.errors import HarnessError
from harness.formats.arrays import Array


def named(block: gluon.Block) -> dict[str, Any]:
    """Return the parameters of `block` by canonical name.

    An ensemble names its own; any other block's are named by their place, as in MXNet's files.
    """
    own: dict[str, Any] | None = getattr(block, "parameters", None)
    if own is not None:
        return own
    # The public names count up with every block that a process makes.
    return dict(block._collect_params_with_prefix())  # noqa: SLF001


def values(block: gluon.Block) -> dict[str, Array]:
    """Return a copy of all parameters of `block`, running statistics too; float32."""
    return {name: parameter.data().asnumpy() for name, parameter in named(block).items()}


def load(block: gluon.Block, given: Mapping[str, Array], place: str) -> None:
    """Copy `given` into `block`; `place` names where they are from when they do not fit.

    Raises
    ------
    HarnessError
        A name is missing or left over, or a shape differs. The block is as it was.
    """
    own = named(block)
    check({name: parameter.shape for name, parameter in own.items()}, given, place)
    for name, parameter in own.items():
        parameter.set_data(nd.array(given[name], dtype=np.float32))


def check(shapes: Mapping[str, tuple[int, ...]], given: Mapping[str, Array], place: str) -> None:
    """Raise HarnessError unless `given` has exactly the names and `shapes`."""
    problems = [f"'{name}' is missing" for name in shapes if name not in given]
    problems += [f"'{name}' is left over" for name in given if name not in shapes]
    problems += [
        f"'{name}' has the shape {given[name].shape} and not {shape}"
        for name, shape in shapes.items()
        if name in given and given[name].shape != shape
    ]
    if problems:
        raise HarnessError(
            f"the values in {place} do not fit the network: {problems[0]}; "
            f"{len(problems) - 1} more do not fit",
            "give the network, the widths and the quantisation that these values are of",
        )
