"""Names of lines to the right of the axes, each joined to where its line ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reproductions.drawing.axes import size_of
from reproductions.drawing.layout import Point, spread
from reproductions.drawing.marks import TEXT
from reproductions.drawing.palette import INK, Look
from reproductions.drawing.panel import Panel
from reproductions.ensemble_kd.drawing.scores import marker_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINE = 11.5  # points from one name to the next
_LEADER, _SAMPLE, _GAP = 12.0, 22.0, 5.0  # points: to the sample of a line, its length, to its name
_BEFORE = 5.0  # points: a leader begins so far within the axes


@dataclass(frozen=True)
class End:
    """A line's name, how it looks, and where it ends in the units of the axes."""

    text: str
    look: Look
    at: Point


def room(names: Sequence[str]) -> float:
    """Return how many points `names` need to the right of the axes."""
    return _LEADER + _SAMPLE + _GAP + max(size_of(name, TEXT)[0] for name in names) + 6


def heights(wanted: Sequence[float], highest: float) -> list[float]:
    """Return where names stand in points: near `wanted`, apart, and none above `highest`."""
    return [-height for height in spread([-height for height in wanted], _LINE, -highest)]


def write_ends(axes: Axes, panel: Panel, ends: Sequence[End]) -> None:
    """Write the name of each line beside the axes, with a sample of it and a leader."""
    here = [panel.at(*end.at) for end in ends]
    places = heights([y for _, y in here], panel.height - 3)
    for end, (_, y), height in zip(ends, here, places, strict=True):
        sample = panel.width + _LEADER
        _line(
            axes,
            panel,
            [(panel.width - _BEFORE, y), (panel.width, y), (sample, height)],
            end.look,
            0.6,
        )
        _line(axes, panel, [(sample, height), (sample + _SAMPLE, height)], end.look, 1.5)
        _mark(axes, panel, (sample + _SAMPLE / 2, height), end.look)
        axes.text(
            *_share(panel, (sample + _SAMPLE + _GAP, height)),
            end.text,
            transform=axes.transAxes,
            va="center_baseline",
            fontsize=TEXT,
            color=INK,
        )


def _share(panel: Panel, at: Point) -> Point:
    return round(at[0] / panel.width, 5), round(at[1] / panel.height, 5)


def _line(axes: Axes, panel: Panel, points: Sequence[Point], style: Look, thick: float) -> None:
    axes.plot(
        *zip(*(_share(panel, one) for one in points), strict=True),
        transform=axes.transAxes,
        clip_on=False,
        color=style.colour,
        linewidth=thick,
        linestyle=style.dashes if thick > 1 else "-",
    )


def _mark(axes: Axes, panel: Panel, at: Point, style: Look) -> None:
    axes.plot(
        *([side] for side in _share(panel, at)),
        transform=axes.transAxes,
        clip_on=False,
        color=style.colour,
        marker=style.marker,
        markersize=marker_size(style),
    )
