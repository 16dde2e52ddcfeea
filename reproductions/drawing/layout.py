"""Places computed in closed form, so that a picture does not depend on chance or on a solver."""

from __future__ import annotations

import math
from collections.abc import Sequence

Point = tuple[float, float]


def spread(wanted: Sequence[float], apart: float, lowest: float = -math.inf) -> list[float]:
    """Return heights near `wanted`, in the same order, at least `apart` from each other.

    Runs of heights that would touch share one block around their mean; none ends below `lowest`.
    """
    order = sorted(range(len(wanted)), key=lambda at: (wanted[at], at))
    blocks: list[tuple[float, list[int]]] = []
    for at in order:
        blocks.append((wanted[at], [at]))
        while len(blocks) > 1 and _touch(blocks[-2], blocks[-1], apart):
            (low, below), (high, above) = blocks[-2:]
            count = len(below) + len(above)
            middle = (low * len(below) + high * len(above)) / count
            blocks[-2:] = [(middle, below + above)]
    placed = list(wanted)
    for middle, members in blocks:
        for rank, at in enumerate(members):
            placed[at] = middle + (rank - (len(members) - 1) / 2) * apart
    for rank, at in enumerate(order):
        placed[at] = max(placed[at], lowest + rank * apart)
    return placed


def _touch(below: tuple[float, list[int]], above: tuple[float, list[int]], apart: float) -> bool:
    return above[0] - below[0] < (len(below[1]) + len(above[1])) / 2 * apart
