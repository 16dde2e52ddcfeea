"""Marks of the same bytes, side by side in a band that begins at those bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from reproductions.drawing.axes import size_of
from reproductions.drawing.labels import Box
from reproductions.drawing.layout import Point
from reproductions.drawing.marks import MARK, TEXT
from reproductions.drawing.palette import GREY
from reproductions.drawing.panel import Panel, Scale
from reproductions.ensemble_kd.drawing.stored import Stored

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Points: from one mark to the next, or a numeral and what is free beside it where that is more;
# what is free between two systems besides, and behind the last mark.
_STEP, _BESIDE, _BETWEEN, _END = 9.5, 2.5, 5.0, 5.5
_WIDEST = 1500.0  # points: in axes that are as wide as this, a band may lie over the next mark
FREE = 0.06
"""How much of an axis is free at each end, as a share of what it spans."""
SHADE = 0.13
"""How dark a band is, as a share of grey."""


@dataclass(frozen=True)
class Member:
    """A mark in a band: which of the systems it is of, and how far from the band's begin."""

    system: int
    mark: Stored
    aside: float


@dataclass(frozen=True)
class Band:
    """All marks of some bytes, from left to right: system by system, each by rising width."""

    bytes: float
    members: tuple[Member, ...]

    @property
    def wide(self) -> float:
        """Points."""
        return self.members[-1].aside + _END

    def box(self, panel: Panel) -> Box:
        """Return where the band lies, in points from the panel's lower left."""
        left = panel.at(self.bytes, panel.up.low)[0]
        return Box(left, 0, round(left + self.wide, 2), panel.height)


def bands_of(systems: Sequence[Sequence[Stored]]) -> list[Band]:
    """Return the bands of the marks of `systems`, by rising bytes."""
    # Sorting keeps the order of systems, and of the widths of each, among equal bytes.
    found = sorted(
        ((number, mark) for number, marks in enumerate(systems) for mark in marks),
        key=lambda one: one[1].bytes,
    )
    return [
        _band(size, list(marks)) for size, marks in groupby(found, key=lambda one: one[1].bytes)
    ]


def _band(size: float, marks: Sequence[tuple[int, Stored]]) -> Band:
    """Return the band of `marks`, which begins a step before the first of them.

    So the mark of a network of nearly the same bytes, which stands in its own place, stays free.
    """
    wide = max(size_of(str(mark.bits), TEXT)[0] for _, mark in marks)
    step, aside, before = max(_STEP, round(wide + _BESIDE, 2)), 0.0, marks[0][0]
    members = []
    for system, mark in marks:
        aside += step + (_BETWEEN if system != before else 0.0)
        before = system
        members.append(Member(system, mark, round(aside, 2)))
    return Band(size, tuple(members))


def asides(bands: Sequence[Band], system: int) -> dict[int, float]:
    """Return how far the marks of a system stand from the begin of their band, by width."""
    return {
        member.mark.bits: member.aside
        for band in bands
        for member in band.members
        if member.system == system
    }


def spanned(
    sizes: Sequence[float], marked: Sequence[float], bands: Sequence[Band], wide: float
) -> tuple[Scale, float]:
    """Return a scale of all `sizes`, and how many points wide its axis must be, `wide` or more.

    No band reaches the next of the sizes that are `marked`, nor the end of the axis.
    """
    last = max([0.0, *(band.wide for band in bands if band.bytes == max(sizes))])
    wide = max(wide, 2 * last)
    scale = Scale.about(sizes, FREE, max(FREE, (1 + FREE) * last / (wide - last)))
    for band in bands:
        beyond = min((size for size in marked if size > band.bytes), default=None)
        if beyond is not None:
            share = scale.share(beyond) - scale.share(band.bytes)
            wide = max(wide, min(_WIDEST, (band.wide + MARK) / share))
    return scale, round(wide, 2)


def draw_bands(axes: Axes, panel: Panel, bands: Sequence[Band]) -> None:
    """Shade the bands."""
    for band in bands:
        end = panel.beside(band.bytes, band.wide)
        axes.axvspan(band.bytes, end, color=GREY, alpha=SHADE, linewidth=0, zorder=0)


def outside(
    panel: Panel, one: Point, other: Point, bands: Sequence[Band]
) -> list[tuple[Point, Point]]:
    """Return the pieces in no band of a line from `one` to `other`, which is at its right.

    Marks of a band are to the right of their bytes: there, the line is not what to compare them
    with.
    """
    begin, end = (panel.across.share(x) for x, _ in (one, other))
    free = [(begin, end)]
    for band in bands:
        left = panel.across.share(band.bytes)
        right = left + band.wide / panel.width
        pieces = [
            piece
            for low, high in free
            for piece in ((low, min(high, left)), (max(low, right), high))
        ]
        free = [(low, high) for low, high in pieces if low < high]

    def point(share: float) -> Point:
        y = one[1] + (other[1] - one[1]) * (share - begin) / (end - begin)
        return float(f"{panel.across.value(share):.6g}"), float(f"{y:.6g}")

    return [(point(low), point(high)) for low, high in free]
