"""Marks of systems with the spread of their seeds, and labels beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reproductions.drawing.axes import size_of
from reproductions.drawing.labels import Box, box, place
from reproductions.drawing.layout import Point
from reproductions.drawing.palette import INK, Look

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARK, TEXT = 7.5, 8.0
"""Points: the size of a mark, and of the text beside it."""
_LEADER = 26.0  # points: a label that does not reach into this square gets a line to its mark


@dataclass(frozen=True)
class Labelled:
    """A mark that gets a label: where it is in the units of the axes, and in points within them."""

    text: str
    at: Point
    centre: Point


def draw_mark(axes: Axes, at: Point, deviation: float, style: Look, *, filled: bool) -> None:
    """Draw one system at `at`, with a bar of `deviation` up and down; hollow unless `filled`."""
    x, y = at
    if deviation:
        axes.errorbar(
            [x],
            [y],
            yerr=[deviation],
            fmt="none",
            ecolor=style.colour,
            elinewidth=1.0,
            capsize=2.5,
            zorder=2,
        )
    axes.plot(
        [x],
        [y],
        color=style.colour,
        marker=style.marker,
        markersize=MARK,
        markerfacecolor=style.colour if filled else "white",
        markeredgewidth=1.3,
        zorder=5 if filled else 4,
    )


def write_labels(
    axes: Axes,
    marks: Sequence[Labelled],
    lines: Sequence[Box],
    frame: Box,
    others: Sequence[Point] = (),
) -> None:
    """Write each label within `frame` where no mark, no other label and, if possible, no line is.

    All boxes, and the places of `others` that get no label, are in points from the lower left of
    the axes.
    """
    from matplotlib.patheffects import withStroke

    placed = place(
        [_around(mark.centre) for mark in marks],
        [size_of(mark.text, TEXT) for mark in marks],
        lines,
        frame,
        [_around(other) for other in others],
    )
    for mark, label in zip(marks, placed, strict=True):
        away = [round(to - here, 2) for to, here in zip(label.centre, mark.centre, strict=True)]
        near = box(mark.centre, (_LEADER, _LEADER)).meets(label)
        axes.annotate(
            mark.text,
            mark.at,
            xytext=(away[0], away[1]),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=TEXT,
            color=INK,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
            arrowprops=None if near else {"arrowstyle": "-", "color": INK, "linewidth": 0.6},
            zorder=6,
        )


def _around(centre: Point) -> Box:
    return box(centre, (MARK + 2, MARK + 2))
