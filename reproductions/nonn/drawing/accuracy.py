"""Accuracy against the bytes of one node: every system, and the front that none betters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from harness.errors import HarnessError
from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.drawing.axes import POINTS, fixed, tidy
from reproductions.drawing.labels import Box
from reproductions.drawing.layout import Point, spread
from reproductions.drawing.marks import MARK, TEXT, Labelled, draw_mark, write_labels
from reproductions.drawing.palette import INK, Look, look
from reproductions.nonn.drawing.pareto import Mark, front, marks_of, panels, steps
from reproductions.nonn.params.drawing import AccuracyAgainstBytesParams

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from harness.formats.figure import CanonicalFigure

# Inches of the figure without its legend, and of one line of the legend.
_WIDTH, _HEIGHT, _ENTRY = 6.4, 3.9, 0.19
# Points left free around the axes, between two panels, and at least for one panel.
_LEFT, _BELOW, _RIGHT, _ABOVE, _BREAK, _NARROWEST = 50.0, 40.0, 10.0, 8.0, 10.0, 86.0
_APART = 7.0  # points between marks of nearly the same bytes, which are drawn side by side


@dataclass(frozen=True)
class Panel:
    """One piece of the axis of bytes: its marks, its place in the figure, and its limits."""

    marks: list[Mark]
    place: Box
    kilobytes: tuple[float, float]
    accuracy: tuple[float, float]

    def at(self, kilobytes: float, accuracy: float) -> Point:
        """Return where a point lies, or is cut off, in points from the panel's lower left."""
        (small, large), (low, high) = self.kilobytes, self.accuracy
        kilobytes = min(max(kilobytes, small), large)
        across = math.log(kilobytes / small) / math.log(large / small)
        up = (accuracy - low) / (high - low)
        width, height = self.place.right - self.place.left, self.place.high - self.place.low
        # Logarithms may differ in the last bit from one machine to another; places do not.
        return round(width * across, 2), round(height * up, 2)

    def shown(self) -> dict[Mark, Mark]:
        """Return each mark as it is drawn: at its own kB, or beside those of nearly as many."""
        here = [self.at(mark.kilobytes, mark.accuracy)[0] for mark in self.marks]
        moved = zip(self.marks, here, spread(here, _APART), strict=True)
        return {
            mark: mark if there == x else replace(mark, kilobytes=self._kilobytes(there))
            for mark, x, there in moved
        }

    def _kilobytes(self, across: float) -> float:
        """Return the kB at a place `across` the panel."""
        small, large = self.kilobytes
        return round(small * (large / small) ** (across / (self.place.right - self.place.left)), 4)

    def between(self, one: tuple[float, float], other: tuple[float, float]) -> Box:
        """Return the thin box of a straight line between two points of (kB, accuracy)."""
        (x, y), (right, up) = self.at(*one), self.at(*other)
        return Box(min(x, right) - 1, min(y, up) - 1, max(x, right) + 1, max(y, up) + 1)


def _panels(marks: Sequence[Mark], below: float) -> list[Panel]:
    """Return the panels above `below` points, the wider the more marks they have."""
    pieces = panels(marks)
    room = POINTS * _WIDTH - _LEFT - _RIGHT - _BREAK * (len(pieces) - 1)
    first = room
    if len(pieces) > 1:
        share = room * len(pieces[0]) / len(marks)
        first = round(min(max(share, _NARROWEST), room - _NARROWEST), 2)
    widths = [first, room - first]
    low = min(mark.accuracy - mark.deviation for mark in marks)
    high = max(mark.accuracy + mark.deviation for mark in marks)
    space = max(high - low, 0.5)
    accuracy = low - 0.08 * space, high + 0.08 * space
    found, left = [], _LEFT
    for piece, width in zip(pieces, widths, strict=False):
        small, large = piece[0].kilobytes, piece[-1].kilobytes
        margin = max(1.003, (large / small) ** 0.24)
        spot = Box(left, below, left + width, below + POINTS * _HEIGHT - _BELOW - _ABOVE)
        found.append(Panel(piece, spot, (small / margin, large * margin), accuracy))
        left += width + _BREAK
    return found


def _draw_mark(axes: Axes, mark: Mark, style: Look, *, best: bool) -> None:
    """Draw one system: filled when it is on the front, hollow when another betters it."""
    draw_mark(axes, (mark.kilobytes, mark.accuracy), mark.deviation, style, filled=best)


def _draw_labels(
    axes: Axes, panel: Panel, marks: Sequence[Mark], corners: Sequence[tuple[float, float]]
) -> None:
    """Write each mark's label where no mark, no other label and, if possible, no line is."""
    lines = [panel.between(one, other) for one, other in pairwise(corners)]
    for mark in marks:
        ends = mark.accuracy - mark.deviation, mark.accuracy + mark.deviation
        lines.append(panel.between((mark.kilobytes, ends[0]), (mark.kilobytes, ends[1])))
    spot = panel.place
    places = [(mark.kilobytes, mark.accuracy) for mark in marks]
    write_labels(
        axes,
        [Labelled(mark.label, at, panel.at(*at)) for mark, at in zip(marks, places, strict=True)],
        lines,
        Box(2, 2, spot.right - spot.left, spot.high - spot.low),
    )


def _set_scales(axes: Axes, panel: Panel) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    axes.set_xscale("log")
    axes.set_xlim(*panel.kilobytes)
    axes.set_ylim(*panel.accuracy)
    axes.xaxis.set_major_locator(FixedLocator(_ticks(panel)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{value:.0f}" if value >= 1000 else f"{value:g}")
    )


def _ticks(panel: Panel) -> list[float]:
    """Return round numbers of kB within the panel, or that of its only column."""
    from matplotlib.ticker import MaxNLocator

    small, large = panel.marks[0].kilobytes, panel.marks[-1].kilobytes
    if small == large:
        return [small]
    values = map(float, MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(*panel.kilobytes))
    most = panel.place.right - panel.place.left - MARK  # a break has a slash there
    return [
        value for value in values if value > 0 and 0 < panel.at(value, panel.accuracy[0])[0] < most
    ]


def _draw_break(left: Axes, right: Axes) -> None:
    """Mark the end of one panel's axis and the begin of the next as two pieces of one axis."""
    for axes, end in ((left, 1), (right, 0)):
        axes.plot(
            [end],
            [0],
            transform=axes.transAxes,
            clip_on=False,
            color=INK,
            marker=[(-0.5, -1), (0.5, 1)],
            markersize=8,
            linestyle="none",
        )
    right.spines["left"].set_visible(False)
    right.tick_params(axis="y", left=False, labelleft=False)


def _draw_legend(drawing: CanonicalFigure, styles: Mapping[str, Look]) -> None:
    from matplotlib.lines import Line2D

    names = [
        Line2D(
            [], [], color=style.colour, marker=style.marker, ms=MARK, linestyle="none", label=name
        )
        for name, style in styles.items()
    ]
    line = "Pareto front; its marks are filled, all others hollow"
    names.append(Line2D([], [], color=INK, linewidth=1.1, linestyle=(0, (4, 1.5)), label=line))
    drawing.legend(
        handles=names,
        loc="lower center",
        ncols=2,
        frameon=False,
        fontsize=TEXT,
        borderaxespad=0.4,
    )


def picture(scores: Mapping[str, Sequence[Row]]) -> CanonicalFigure:
    """Return the figure of `scores`: for each named input its score rows, of all seeds.

    Raises
    ------
    HarnessError
        There is no teacher, or nothing to compare it with.
    """
    from harness.formats import figure

    marks = marks_of(scores)
    if not scores.get("teacher") or len(marks) < 2:
        raise HarnessError(
            f"the picture of accuracy needs a teacher and another system or more; it has "
            f"{len(marks)} systems from the inputs {', '.join(scores) or '(none)'}",
            "give the scores of one network as input 'teacher' and at least one further input",
        )
    styles = {name: look(at) for at, name in enumerate(dict.fromkeys(m.series for m in marks))}
    legend = _ENTRY * (len(styles) // 2 + 1) + 0.1
    drawing = figure.new(_WIDTH, round(_HEIGHT + legend, 2))
    drawing.set_layout_engine("none")  # every place is computed here
    pieces = _panels(marks, _BELOW + POINTS * legend)
    best = front(marks)
    shown = {mark: there for panel in pieces for mark, there in panel.shown().items()}
    corners = steps([shown[mark] for mark in best], pieces[-1].kilobytes[1])
    drawn = []
    for panel in pieces:
        axes = fixed(drawing, panel.place)
        drawn.append(axes)
        _set_scales(axes, panel)
        tidy(axes)
        axes.plot(*zip(*corners, strict=True), color=INK, lw=1.1, ls=(0, (4, 1.5)), zorder=1)
        for mark in panel.marks:
            _draw_mark(axes, shown[mark], styles[mark.series], best=mark in best)
        _draw_labels(axes, panel, [shown[mark] for mark in panel.marks], corners)
    for left, right in pairwise(drawn):
        _draw_break(left, right)
    drawn[0].set_ylabel("test accuracy / %")
    drawing.text(
        (_LEFT + POINTS * _WIDTH - _RIGHT) / 2 / (POINTS * _WIDTH),
        (legend + 0.08) / (_HEIGHT + legend),
        "kB of weights on one node (the largest, float32, log scale)",
        ha="center",
        va="bottom",
    )
    _draw_legend(drawing, styles)
    return drawing


def draw_accuracy_against_bytes(
    inputs: Inputs,
    params: AccuracyAgainstBytesParams,  # noqa: ARG001 - the contract of a step
    outputs: Outputs,
    run: Run,  # noqa: ARG001 - the contract of a step
) -> None:
    """Step: draw accuracy against bytes of every input, the teacher's first."""
    names = sorted(inputs.names(), key=lambda name: (name != "teacher", name))
    outputs.figure("figure", picture({name: inputs.rows(name) for name in names}))
