"""Accuracy against what must be stored: a model for each width, or one store for several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from harness.errors import HarnessError
from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.drawing.axes import POINTS, sheet, size_of
from reproductions.drawing.labels import Box
from reproductions.drawing.layout import Point, spread
from reproductions.drawing.marks import MARK, TEXT, Labelled, write_labels
from reproductions.drawing.palette import GREY, INK
from reproductions.drawing.panel import Panel, Scale
from reproductions.ensemble_kd.drawing.bands import (
    FREE,
    SHADE,
    Band,
    asides,
    bands_of,
    draw_bands,
    outside,
    spanned,
)
from reproductions.ensemble_kd.drawing.scores import Scored, marker_size, scored
from reproductions.ensemble_kd.drawing.stored import Bytes, Stored, Whole, sizes_of, stored, wholes
from reproductions.ensemble_kd.drawing.ticks import set_ticks
from reproductions.ensemble_kd.drawing.widths import named
from reproductions.ensemble_kd.params.drawing import AccuracyAgainstBytesParams

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from harness.formats.figure import CanonicalFigure

# Points: the figure's width, what is free around the axes, their height, a line of the legend.
_WIDTH, _LEFT, _RIGHT, _ABOVE, _BELOW = 461.0, 54.0, 12.0, 32.0, 38.0
_HEIGHT, _ENTRY = 230.0, 13.5
_GAP = 2.5  # points between a bar and its numeral
_KEY = "marks of the same bytes, side by side: their bytes are those at the band's left edge"
_UNITS = ((1e6, "MB"), (1e3, "kB"), (1.0, "bytes"))


@dataclass(frozen=True)
class Series:
    """A system and its marks, by rising width."""

    system: Scored
    marks: tuple[Stored, ...]

    @property
    def points(self) -> list[Point]:
        """Where the marks lie: their bytes, and their accuracy."""
        return [(mark.bytes, mark.accuracy.value) for mark in self.marks]


def _series(system: Scored, sizes: Bytes) -> Series:
    marks = tuple(stored(system, sizes))
    if not marks:
        raise HarnessError(
            f"no width of '{system.label}' has bytes; there are scores of "
            f"{sorted(system.accuracy)} bits and bytes of {sorted(sizes)}",
            "count the costs of the widths that were trained",
        )
    return Series(system, marks)


def _panel(
    series: Sequence[Series], together: Sequence[Whole], bands: Sequence[Band], below: float
) -> Panel:
    """Return the panel that holds all marks, their bands, and the lines of what is `together`."""
    marks = [mark for one in series for mark in one.marks]
    sizes = [mark.bytes for mark in marks]
    across, wide = spanned(
        [*sizes, *(one.bytes for one in together)], sizes, bands, _WIDTH - _LEFT - _RIGHT
    )
    accuracy = [end for mark in marks for end in mark.accuracy.ends]
    place = Box(_LEFT, below, round(_LEFT + wide, 2), below + _HEIGHT)
    return Panel(place, across, Scale.around(accuracy, FREE, FREE))


def _draw_alone(axes: Axes, panel: Panel, alone: Series, bands: Sequence[Band]) -> list[Box]:
    """Draw the separate models and a line through them; return boxes along line and bars."""
    points = alone.points
    _draw_marks(axes, alone, points)
    pieces = [piece for pair in pairwise(points) for piece in outside(panel, *pair, bands)]
    colour = alone.system.look.colour
    for piece in pieces:
        axes.plot(*zip(*piece, strict=True), color=colour, linewidth=1.1, zorder=2)
    bars = [
        ((x, low), (x, high))
        for (x, _), mark in zip(points, alone.marks, strict=True)
        for low, high in (mark.accuracy.ends,)
    ]
    return [one for ends in [*pieces, *bars] for one in panel.along(*ends)]


def _draw_members(
    axes: Axes, panel: Panel, one: Series, asides: Mapping[int, float]
) -> list[Point]:
    """Draw marks so far to the right of their bytes, with their numerals.

    Return what labels must not lie on: the middles of marks and numerals, in points.
    """
    points = [
        (panel.beside(mark.bytes, asides[mark.bits]), mark.accuracy.value) for mark in one.marks
    ]
    _draw_marks(axes, one, points)
    taken: list[Point] = []
    for mark, at in zip(one.marks, points, strict=True):
        taken += [panel.at(*at), _write_numeral(axes, panel, mark, at)]
    return taken


def _write_numeral(axes: Axes, panel: Panel, mark: Stored, at: Point) -> Point:
    """Write the bits of a mark above its bar; return the numeral's middle in points."""
    x, y = panel.at(*at)
    end = panel.at(at[0], mark.accuracy.ends[1])[1]
    line = max(end, y + MARK / 2) + _GAP
    axes.annotate(
        str(mark.bits),
        at,
        xytext=(0, round(line - y, 2)),
        textcoords="offset points",
        ha="center",
        va="baseline",
        fontsize=TEXT,
        color=INK,
        zorder=6,
    )
    return x, line + TEXT / 3


def _draw_series(
    axes: Axes,
    panel: Panel,
    series: Sequence[Series],
    together: Sequence[Whole],
    bands: Sequence[Band],
) -> None:
    """Draw every system's marks with their widths, and a line through the separate models."""
    alone, *systems = series
    lines = _draw_alone(axes, panel, alone, bands)
    taken: list[Point] = []
    for number, one in enumerate(systems):
        taken += _draw_members(axes, panel, one, asides(bands, number))
    for whole in together:
        lines += panel.along((whole.bytes, panel.up.low), (whole.bytes, panel.up.high))
    labels = [
        Labelled(named(mark.bits), at, panel.at(*at))
        for mark, at in zip(alone.marks, alone.points, strict=True)
    ]
    write_labels(axes, labels, [*lines, *(band.box(panel) for band in bands)], panel.frame, taken)


def _draw_marks(axes: Axes, series: Series, points: Sequence[Point]) -> None:
    style = series.system.look
    axes.errorbar(
        [x for x, _ in points],
        [y for _, y in points],
        yerr=[mark.accuracy.deviation for mark in series.marks],
        color=style.colour,
        linestyle="none",
        marker=style.marker,
        markersize=marker_size(style) + 1,
        markeredgecolor="white",
        markeredgewidth=0.7,
        elinewidth=1.0,
        capsize=2.0,
        zorder=3,
    )


def _unit(panel: Panel) -> tuple[float, str]:
    """Return the unit in which the bytes of a panel are written, and its name."""
    most = panel.across.high / 5
    return next((one for one in _UNITS if most >= one[0]), _UNITS[-1])


def _draw_wholes(axes: Axes, panel: Panel, together: Sequence[Whole]) -> None:
    """Draw a line at the bytes of what serves several widths, named above the axes."""
    unit, name = _unit(panel)
    said = [f"{one.label}\n{_rounded(one.bytes / unit)} {name}" for one in together]
    here = [panel.at(one.bytes, panel.up.low)[0] for one in together]
    wide = max((size_of(one.label, TEXT)[0] for one in together), default=0.0)
    middles = _within(spread(here, wide + 10), wide / 2, panel)
    for one, words, x, middle in zip(together, said, here, middles, strict=True):
        axes.axvline(one.bytes, color=GREY, linewidth=0.9, linestyle=(0, (1.2, 1.6)), zorder=1)
        axes.annotate(
            words,
            (one.bytes, panel.up.high),
            xytext=(round(middle - x, 2), 6),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=TEXT,
            color=GREY,
            annotation_clip=False,
        )


def _rounded(value: float) -> str:
    """Return three figures of `value`, without an exponent."""
    return f"{float(f'{value:.3g}'):,.10g}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _within(places: Sequence[float], half: float, panel: Panel) -> list[float]:
    """Move `places` to the left as far as words of twice `half` would leave the figure."""
    over = max([0.0, *(place + half - panel.width - _RIGHT + 4 for place in places)])
    return [place - over for place in places]


def _name_axes(axes: Axes, panel: Panel) -> None:
    unit, name = _unit(panel)
    set_ticks(axes.xaxis, panel.across, unit)
    axes.set_xlabel(f"stored to serve a width / {name} (log scale)", fontsize=9)
    axes.set_ylabel("test accuracy / %", fontsize=9)


def _draw_legend(drawing: CanonicalFigure, series: Sequence[Series]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = [
        Line2D([], [], color=one.system.look.colour, marker=one.system.look.marker, ms=MARK,
               ls="none" if rank else "-", lw=1.1, label=one.system.label)
        for rank, one in enumerate(series)
    ]  # fmt: skip
    drawing.legend(
        handles=handles,
        loc="lower center",
        bbox_to_anchor=(0.5, _ENTRY / POINTS / float(drawing.get_figheight())),
        ncols=3,
        frameon=False,
        fontsize=TEXT,
        borderaxespad=0.3,
    )
    drawing.legend(
        handles=[Patch(color=GREY, alpha=SHADE, linewidth=0, label=_KEY)],
        loc="lower center",
        frameon=False,
        fontsize=TEXT,
        borderaxespad=0.3,
    )


def picture(
    separate: Sequence[Row],
    others: Sequence[Row],
    costs: Sequence[Row],
    params: AccuracyAgainstBytesParams,
) -> CanonicalFigure:
    """Return the figure of rows of `separate` networks, `others` with shared weights, and `costs`.

    Raises
    ------
    HarnessError
        There is nothing to draw, or a system, the network or all bytes of one are not there.
    """
    alone, systems = scored(separate, others, params.systems)
    sizes = sizes_of(costs, params.network)
    series = [
        _series(alone, sizes.separate),
        *(_series(one, sizes.together) for one in systems),
    ]
    together = wholes(series[0].marks, {m for one in series[1:] for m in one.marks})
    below = _BELOW + _ENTRY * (-(-len(series) // 3) + 1)
    bands = bands_of([one.marks for one in series[1:]])
    panel = _panel(series, together, bands, below)
    wide, height = panel.place.right + _RIGHT, panel.place.high + _ABOVE
    drawing = sheet(wide, height)
    axes = panel.axes(drawing)
    draw_bands(axes, panel, bands)
    _draw_series(axes, panel, series, together, bands)
    _draw_wholes(axes, panel, together)
    _name_axes(axes, panel)
    _draw_legend(drawing, series)
    return drawing


def draw_accuracy_against_bytes(
    inputs: Inputs,
    params: AccuracyAgainstBytesParams,
    outputs: Outputs,
    run: Run,  # noqa: ARG001 - the contract of a step
) -> None:
    """Step: draw the accuracy of every width against the bytes that serve it.

    The input `separate` has the networks that were trained alone, and `bytes` what is stored;
    every other input has systems with shared weights.
    """
    names = [name for name in inputs.names() if name not in {"separate", "bytes"}]
    others = [row for name in names for row in inputs.rows(name)]
    drawing = picture(inputs.rows("separate"), others, inputs.rows("bytes"), params)
    outputs.figure("figure", drawing)
