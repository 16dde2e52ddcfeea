"""Accuracy against multiply-adds, above the front of the search and what it had foreseen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.drawing.axes import sheet, size_of
from reproductions.drawing.labels import Box
from reproductions.drawing.layout import Point, spread
from reproductions.drawing.marks import MARK, TEXT, Labelled, draw_mark, write_labels
from reproductions.drawing.palette import GREY, INK, Look, look
from reproductions.drawing.panel import Panel, Scale
from reproductions.shunt.drawing.systems import (
    ORIGINAL,
    PLAIN,
    Foreseen,
    Mark,
    foreseen_of,
    front_of,
    marks_of,
)
from reproductions.shunt.params.drawing import AccuracyAgainstMacsParams, Reduction

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

    from harness.formats.figure import CanonicalFigure

# Points: the figure's width; what is free beside the axes, above them for the published
# reductions, between the two and below them; their heights; one line of the legend.
_WIDTH, _LEFT, _RIGHT, _ABOVE, _BETWEEN, _BELOW = 461.0, 50.0, 10.0, 34.0, 14.0, 40.0
_UPPER, _LOWER, _ENTRY = 205.0, 105.0, 13.5
_APART = 5.0  # points between ways of training one system, which are drawn side by side
_MILLION = 1e6
_ORIGINAL = Look(INK, "*", (0, None))


def _styles(marks: Sequence[Mark]) -> dict[str, Look]:
    """Return the look of each way of training; the original has one of its own."""
    ways = dict.fromkeys(mark.distillation for mark in marks if mark.chosen_by != ORIGINAL)
    return {way: look(at) for at, way in enumerate(ways)}


def _draw_systems(
    axes: Axes, panel: Panel, marks: Sequence[Mark], styles: Mapping[str, Look]
) -> None:
    """Draw every system, and a line through those that the search chose, way by way."""
    lines: list[Box] = []
    places = _side_by_side(panel, marks, list(styles))
    for way, style in styles.items():
        chosen = sorted(
            places[mark]
            for mark in marks
            if mark.chosen_by == "search" and mark.distillation == way
        )
        if chosen:
            axes.plot(*zip(*chosen, strict=True), color=style.colour, lw=1.1, ls=style.dashes)
        lines += [one for pair in pairwise(chosen) for one in panel.along(*pair)]
    for mark in marks:
        x, y = places[mark]
        style = _ORIGINAL if mark.chosen_by == ORIGINAL else styles[mark.distillation]
        draw_mark(axes, (x, y), mark.deviation, style, filled=mark.chosen_by != "hand")
        lines += panel.along((x, y - mark.deviation), (x, y + mark.deviation))
    named = _best(marks)
    write_labels(
        axes,
        [
            Labelled(mark.windows or mark.system, places[mark], panel.at(*places[mark]))
            for mark in named
        ],
        lines,
        panel.frame,
        [panel.at(*places[mark]) for mark in marks if mark not in named],
    )


def _side_by_side(panel: Panel, marks: Sequence[Mark], ways: list[str]) -> dict[Mark, Point]:
    """Return where each mark is drawn: a way of training has the same place in every system."""
    step = _APART * (panel.across.high - panel.across.low) / panel.width
    middle = (len(ways) - 1) / 2
    return {
        mark: (
            mark.macs / _MILLION
            + (0 if mark.chosen_by == ORIGINAL else ways.index(mark.distillation) - middle) * step,
            mark.accuracy,
        )
        for mark in marks
    }


def _best(marks: Sequence[Mark]) -> list[Mark]:
    """Return the most accurate mark of each system: the one that bears its label."""
    best: dict[str, Mark] = {}
    for mark in marks:
        known = best.setdefault(mark.system, mark)
        if mark.accuracy > known.accuracy:
            best[mark.system] = mark
    return list(best.values())


def _draw_front(axes: Axes, front: Sequence[Foreseen], systems: Sequence[Foreseen]) -> None:
    """Draw the least loss that so many multiply-adds allow, and the systems that were trained."""
    macs = [one.macs / _MILLION for one in front]
    losses = [one.loss for one in front]
    axes.step(macs, losses, where="post", color=INK, lw=1.1, zorder=2)
    axes.plot(macs, losses, color=INK, marker=".", ms=4, linestyle="none", zorder=3)
    for one in systems:
        axes.plot(
            [one.macs / _MILLION],
            [one.loss],
            color=INK,
            marker="o" if one.chosen_by == "search" else "s",
            ms=MARK - 1,
            markerfacecolor=INK if one.chosen_by == "search" else "white",
            markeredgewidth=1.2,
            linestyle="none",
            zorder=4,
        )


def _draw_reductions(
    axes: Sequence[Axes], panel: Panel, whole: int, reductions: Sequence[Reduction]
) -> None:
    """Draw what publications saved of their networks as lines, named above the upper axes."""
    macs = [_reduced(whole, one) for one in reductions]
    wide = max([size_of(_said(one), TEXT - 0.5)[0] for one in reductions], default=0.0)
    here = [panel.at(value, 0)[0] for value in macs]
    for one, value, x, aside in zip(reductions, macs, here, spread(here, wide + 8), strict=True):
        for each in axes:
            each.axvline(value, color=GREY, lw=0.9, ls=(0, (1.2, 1.6)), zorder=1)
        axes[0].annotate(
            f"{one.label}\n{_percent(one)}",
            (value, panel.up.high),
            xytext=(round(aside - x, 2), 7),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=TEXT - 0.5,
            color=GREY,
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": GREY,
                "linewidth": 0.6,
                "shrinkA": 0,
                "shrinkB": 0,
            },
        )


def _reduced(whole: int, one: Reduction) -> float:
    """Return how many million multiply-adds of `whole` are left."""
    return whole * (1 - one.percent / 100) / _MILLION


def _said(one: Reduction) -> str:
    return max(one.label, _percent(one), key=len)


def _percent(one: Reduction) -> str:
    return f"\N{MINUS SIGN}{one.percent:g} %"


def _draw_legend(
    drawing: CanonicalFigure, marks: Sequence[Mark], styles: Mapping[str, Look]
) -> None:
    drawing.legend(
        handles=_handles(marks, styles),
        loc="lower center",
        ncols=2,
        frameon=False,
        fontsize=TEXT,
        borderaxespad=0.3,
        handlelength=2.6,
    )


def _handles(marks: Sequence[Mark], styles: Mapping[str, Look]) -> list[Line2D]:
    from matplotlib.lines import Line2D

    found = [
        Line2D([], [], color=s.colour, marker=s.marker, ms=MARK, ls=s.dashes, lw=1.1,
               label="no distillation" if way == PLAIN else way)
        for way, s in styles.items()
    ]  # fmt: skip
    if any(mark.chosen_by == "hand" for mark in marks):
        hollow = "hollow: windows picked by hand"
        found.append(
            Line2D([], [], color=GREY, marker="s", ms=MARK, mfc="white", ls="", label=hollow)
        )
    line = "Pareto front of the search: least sum of quotients"
    found.append(Line2D([], [], color=INK, marker=".", ms=4, lw=1.1, label=line))
    return found


def picture(
    rows: Sequence[Row],
    front: Sequence[Row],
    choices: Sequence[Row],
    params: AccuracyAgainstMacsParams,
) -> CanonicalFigure:
    """Return the figure of accuracy `rows`, and of the `front` and the `choices` of a search.

    Raises
    ------
    HarnessError
        There is no original, nothing to compare it with, or no front of multiply-adds.
    """
    marks = marks_of(rows, choices)
    found = front_of(front)
    systems = foreseen_of(choices, [mark.system for mark in marks])
    styles = _styles(marks)
    below = _BELOW + _ENTRY * (-(-len(_handles(marks, styles)) // 2))
    above = _ABOVE if params.reductions else 10.0
    height = below + _LOWER + _BETWEEN + _UPPER + above
    drawing = sheet(_WIDTH, height)
    upper, lower = _panels(marks, found, systems, below, params.reductions)
    over, under = upper.axes(drawing), lower.axes(drawing)
    _draw_systems(over, upper, marks, styles)
    _draw_front(under, found, systems)
    _draw_reductions([over, under], upper, marks[0].macs, params.reductions)
    over.tick_params(axis="x", labelbottom=False)
    over.set_ylabel(f"{params.measure} / %", fontsize=9)
    under.set_ylabel("foreseen loss", fontsize=9)
    under.set_xlabel("multiply-adds of one image / million", fontsize=9)
    _draw_legend(drawing, marks, styles)
    return drawing


def _panels(
    marks: Sequence[Mark],
    front: Sequence[Foreseen],
    systems: Sequence[Foreseen],
    below: float,
    reductions: Sequence[Reduction],
) -> tuple[Panel, Panel]:
    """Return the panel of accuracy and the one of loss below it.

    The front is drawn as far as systems were trained and publications reduced.
    """
    macs = [mark.macs / _MILLION for mark in marks]
    macs += [_reduced(marks[0].macs, one) for one in reductions]
    accuracy = [mark.accuracy + sign * mark.deviation for mark in marks for sign in (-1, 1)]
    across = Scale.around(macs, 0.08, 0.08)
    shown = [one.loss for one in [*front, *systems] if across.low <= one.macs / _MILLION]
    low = below + _LOWER + _BETWEEN
    places = (
        Box(_LEFT, low, _WIDTH - _RIGHT, low + _UPPER),
        Box(_LEFT, below, _WIDTH - _RIGHT, below + _LOWER),
    )
    return (
        Panel(places[0], across, Scale.around(accuracy, 0.1, 0.1)),
        Panel(places[1], across, Scale.around([0.0, *shown], 0.08, 0.08)),
    )


def draw_accuracy_against_macs(
    inputs: Inputs,
    params: AccuracyAgainstMacsParams,
    outputs: Outputs,
    run: Run,  # noqa: ARG001 - the contract of a step
) -> None:
    """Step: draw the accuracy of systems against their multiply-adds, with the search's front."""
    scores = [*inputs.rows("original"), *inputs.rows("scores")]
    drawing = picture(scores, inputs.rows("front"), inputs.rows("choices"), params)
    outputs.figure("figure", drawing)
