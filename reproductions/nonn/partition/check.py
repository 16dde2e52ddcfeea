"""What a filter activation network must be before its filters are shared out."""

from __future__ import annotations

import numpy as np

from harness.errors import HarnessError
from harness.stage.inputs import Inputs
from reproductions.nonn.partition.cut import Floats

_AGAIN = "build the graph again with step nonn.build_graph"


def weights_of(inputs: Inputs) -> Floats:
    """Return the weights (C, C) of the input `graph`, of the first seed where there are several.

    Raises
    ------
    HarnessError
        They are no weights of links between two filters or more.
    """
    seeds = inputs.seeds("graph")
    arrays = inputs.arrays("graph", seeds[0] if seeds else None)
    if "weights" not in arrays:
        raise HarnessError(
            f"input 'graph': there is no array 'weights'; there are {sorted(arrays)}",
            "name the output 'graph' of a stage with step nonn.build_graph",
        )
    weights = np.asarray(arrays["weights"])
    if weights.dtype.kind not in "fiu":
        raise HarnessError(f"input 'graph': 'weights' holds {weights.dtype}, no numbers", _AGAIN)
    return checked(weights.astype(np.float64))


def checked(weights: Floats) -> Floats:
    """Return `weights`, which are those of an undirected graph without loops.

    Raises
    ------
    HarnessError
        They are not; it says where.
    """
    if weights.ndim != 2 or len(set(weights.shape)) != 1:
        raise HarnessError(
            f"input 'graph': 'weights' has shape {weights.shape}, not one row and one column for "
            "each filter",
            _AGAIN,
        )
    if len(weights) < 2:
        raise HarnessError(
            f"input 'graph': {len(weights)} filter(s) cannot be shared out; there must be two",
            "take a teacher whose last map has more channels",
        )
    _refuse(~np.isfinite(weights), weights, "is not finite", "train the teacher again: it diverged")
    _refuse(weights < 0, weights, "is negative", _AGAIN)
    _refuse(weights != weights.T, weights, "differs from its mirror image", _AGAIN)
    _refuse(np.diag(np.diag(weights)) != 0, weights, "links a filter with itself", _AGAIN)
    return weights


def _refuse(wrong: np.typing.NDArray[np.bool_], weights: Floats, what: str, remedy: str) -> None:
    """Raise an error about the first of the cells that are `wrong`, if there is one."""
    cells = np.argwhere(wrong)
    if len(cells):
        row, column = map(int, cells[0])
        raise HarnessError(
            f"input 'graph': weights[{row}, {column}] = {weights[row, column]:g} {what} "
            f"({len(cells)} of {weights.size} such)",
            remedy,
        )
