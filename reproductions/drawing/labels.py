"""Where labels go beside marks: a search in fixed order, all places in points."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reproductions.drawing.layout import Point

Size = tuple[float, float]

_GAP = 3.0  # points between a mark and its label
_STEP = 4.0  # points between the further places that are tried


@dataclass(frozen=True)
class Box:
    """A rectangle with sides along the axes, in points."""

    left: float
    low: float
    right: float
    high: float

    @property
    def centre(self) -> Point:
        """The point in the middle."""
        return (self.left + self.right) / 2, (self.low + self.high) / 2

    def meets(self, other: Box) -> bool:
        """Say whether the two share more than an edge."""
        across = self.left < other.right and other.left < self.right
        return across and self.low < other.high and other.low < self.high

    def holds(self, other: Box) -> bool:
        """Say whether the other lies wholly inside."""
        across = self.left <= other.left and other.right <= self.right
        return across and self.low <= other.low and other.high <= self.high


def box(centre: Point, size: Size) -> Box:
    """Return the box of `size` (width, height) around `centre`."""
    (x, y), (width, height) = centre, size
    return Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def place(
    marks: Sequence[Box],
    sizes: Sequence[Size],
    lines: Sequence[Box],
    frame: Box,
    others: Sequence[Box] = (),
) -> list[Box]:
    """Return the box of each mark's label: in `frame`, on no mark and on no other label.

    `others` are marks that get no label. A label stands beside its mark where it can, over as few
    `lines` as possible; else at the nearest free place, or, in a frame that is too full, beside its
    mark all the same.
    """
    placed: list[Box] = []
    for mark, size in zip(marks, sizes, strict=True):
        placed.append(_free(mark, size, [*marks, *others, *placed], lines, frame))
    return placed


def _free(mark: Box, size: Size, taken: Sequence[Box], lines: Sequence[Box], frame: Box) -> Box:
    beside = list(_beside(mark, size))
    free = [one for one in beside if _clear(one, taken, frame)]
    if free:
        return min(free, key=lambda one: sum(one.meets(line) for line in lines))
    return next((one for one in _around(mark, size, frame) if _clear(one, taken, frame)), beside[0])


def _clear(label: Box, taken: Sequence[Box], frame: Box) -> bool:
    return frame.holds(label) and not any(label.meets(other) for other in taken)


def _beside(mark: Box, size: Size) -> Iterator[Box]:
    """Yield the eight places that touch the mark but for a gap, the most usual first."""
    (x, y), (width, height) = mark.centre, size
    across = (mark.right - mark.left + width) / 2 + _GAP
    up = (mark.high - mark.low + height) / 2 + _GAP / 2
    steep = (mark.high - mark.low) / 2 + _GAP
    near = [(across, 0.0), (-across, 0.0), (0.0, up), (0.0, -up)]
    diagonal = [(across, steep), (across, -steep), (-across, steep), (-across, -steep)]
    for right, above in near + diagonal:
        yield box((x + right, y + above), size)


def _around(mark: Box, size: Size, frame: Box) -> Iterator[Box]:
    """Yield places all over the frame, the nearest to the mark first."""
    x, y = mark.centre
    columns = math.floor((frame.right - frame.left - size[0]) / _STEP) + 1
    rows = math.floor((frame.high - frame.low - size[1]) / _STEP) + 1
    places = [
        (frame.left + size[0] / 2 + _STEP * column, frame.low + size[1] / 2 + _STEP * row)
        for column in range(columns)
        for row in range(rows)
    ]
    places.sort(key=lambda at: (round((at[0] - x) ** 2 + (at[1] - y) ** 2, 3), at))
    for at in places:
        yield box(at, size)
