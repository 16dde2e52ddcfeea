"""The cut: which links of the filter activation network are strong enough to count."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.errors import HarnessError

Floats = NDArray[np.float64]
Links = list[dict[int, int]]
"""For each filter its neighbours with whole-numbered weights, both directions, no loops."""

# Weights are counted in this share of the heaviest link. Whole numbers make every comparison of
# the community search exact: it cannot run in circles on rounding errors, nor differ by machine.
UNIT = 2**30


def cut(weights: Floats, keep_percentile: float) -> Floats:
    """Return weights (C, C) relative to the heaviest, zero below the percentile of all links.

    Raises
    ------
    HarnessError
        There is no link at all.
    """
    heaviest = float(weights.max(initial=0.0))
    if heaviest <= 0:
        raise HarnessError(
            "input 'graph': no two filters are linked, so there is nothing to partition",
            "train the teacher for longer, record more images, or raise top_k of the graph",
        )
    relative = weights / heaviest
    threshold = np.percentile(relative[relative != 0], keep_percentile)
    return np.where(relative < threshold, 0.0, relative)


def links_of(weights: Floats) -> Links:
    """Return relative weights (C, C) as neighbours with whole-numbered weights."""
    whole = np.rint(weights * UNIT).astype(np.int64)
    return [
        {int(other): int(row[other]) for other in np.flatnonzero(row) if other != number}
        for number, row in enumerate(whole)
    ]
