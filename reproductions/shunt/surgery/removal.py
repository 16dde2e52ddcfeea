"""A network without some of its residual blocks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.errors import HarnessError
from reproductions.shunt.surgery.blocks import block, blocks
from reproductions.shunt.surgery.graph import Tensor
from reproductions.shunt.surgery.rebuilding import Detour, rebuilt


def without_blocks(model: Any, ordinals: Iterable[int], prefix: str = "") -> Any:
    """Return a copy of `model` in which each of these blocks gives what it gets.

    The outputs are those of the model with a scale and shift of zero in the last normalisation of
    each block, bit for bit. What is read in the midst of a block from elsewhere stays.

    Raises
    ------
    HarnessError
        There is no such block, or it is not residual: its output has another shape or meaning.
    """
    found = blocks(model)
    detours = {}
    for ordinal in sorted(set(ordinals)):
        one = block(found, ordinal)
        if not one.residual:
            able = ", ".join(str(other.ordinal) for other in found if other.residual)
            raise HarnessError(
                f"block {ordinal} ('{one.name}') is not residual and cannot be left out",
                f"the residual blocks are {able}; replace the others by a shunt",
            )
        detours[id(one.exit)] = Detour(one.entry, _same)
    return rebuilt(model, detours, prefix)


def _same(tensor: Tensor) -> Tensor:
    return tensor
