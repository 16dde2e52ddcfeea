"""Accuracy against the number of students that answer, one panel for each size of system."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from harness.errors import HarnessError
from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.drawing.axes import tidy
from reproductions.drawing.palette import GREY, INK, Look, look
from reproductions.nonn.params.drawing import AccuracyAgainstSurvivorsParams

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from harness.formats.figure import CanonicalFigure

_COLUMN, _NARROWEST, _HEIGHT = 2.1, 5.2, 3.7
_APART = 0.035  # from one curve's marks to the next's, as a share of the panel
_KEY = (
    "Marks: mean over all subsets of that many students and over the seeds.\n"
    "Bars reach from the worst to the best subset, each averaged over the seeds."
)


@dataclass(frozen=True)
class Curve:
    """Accuracy in percent by how many of a system's students answer: mean, worst, best subset."""

    surviving: list[int]
    mean: list[float]
    low: list[float]
    high: list[float]


def curves_of(rows: Sequence[Row]) -> dict[int, dict[float, Curve]]:
    """Return the curves by number of students and by dropout in training, both rising.

    Raises
    ------
    HarnessError
        Two rows say how accurate the same students are.
    """
    _all_differ(rows)
    found: dict[int, dict[float, list[Row]]] = {}
    for row in rows:
        systems = found.setdefault(int(row["students"] or 0), {})
        systems.setdefault(float(row["dropout"] or 0), []).append(row)
    return {
        students: {dropout: _curve(own) for dropout, own in sorted(systems.items())}
        for students, systems in sorted(found.items())
    }


def _all_differ(rows: Sequence[Row]) -> None:
    columns = ("seed", "dropout", "students", "answering")
    counts = Counter(tuple(row.get(column) for column in columns) for row in rows)
    for (seed, dropout, students, answering), count in counts.items():
        if count > 1:
            raise HarnessError(
                f"{count} rows tell the accuracy of students {answering} of {students}, "
                f"dropout {dropout}, seed {seed}",
                "give the figure one input only for each dropout",
            )


def _curve(rows: Sequence[Row]) -> Curve:
    subsets: dict[int, dict[str, list[float]]] = {}
    for row in rows:
        chosen = subsets.setdefault(int(row["surviving"] or 0), {})
        chosen.setdefault(str(row["answering"]), []).append(float(row["accuracy"] or 0))
    surviving = sorted(subsets)
    means = [[fmean(seeds) for seeds in subsets[count].values()] for count in surviving]
    return Curve(surviving, [*map(fmean, means)], [*map(min, means)], [*map(max, means)])


def _name(dropout: float) -> str:
    return f"trained with student dropout {dropout:g}" if dropout else "trained without dropout"


def _draw(axes: Axes, curve: Curve, name: str, style: Look, aside: float) -> None:
    """Draw one curve, moved `aside` so that its bars do not hide another's."""
    below = [mean - low for mean, low in zip(curve.mean, curve.low, strict=True)]
    above = [high - mean for mean, high in zip(curve.mean, curve.high, strict=True)]
    axes.errorbar(
        [count + aside for count in curve.surviving],
        curve.mean,
        yerr=[below, above],
        label=name,
        color=style.colour,
        linestyle=style.dashes,
        linewidth=1.3,
        marker=style.marker,
        markersize=6,
        markeredgecolor="white",
        markeredgewidth=0.7,
        elinewidth=1.0,
        capsize=2.5,
    )


def _draw_chance(axes: Axes, classes: int, *, named: bool) -> None:
    axes.axhline(100 / classes, color=INK, linewidth=0.9, linestyle=(0, (1.2, 1.6)), zorder=1)
    if named:
        axes.annotate(
            f"chance, {100 / classes:.3g} %",
            (0.03, 100 / classes),
            xycoords=("axes fraction", "data"),
            xytext=(0, 3),
            textcoords="offset points",
            fontsize=8,
            color=INK,
        )


def _draw_system(
    axes: Axes, students: int, curves: Mapping[float, Curve], places: Mapping[float, int]
) -> None:
    """Draw the curves of the system of `students`; a dropout has the same place everywhere."""
    from matplotlib.ticker import FixedLocator

    middle = (len(places) - 1) / 2
    for dropout, curve in curves.items():
        aside = (places[dropout] - middle) * _APART * students
        _draw(axes, curve, _name(dropout), look(places[dropout]), aside)
    axes.set_xlim(0.5, students + 0.5)
    axes.xaxis.set_major_locator(FixedLocator(range(1, students + 1)))
    axes.set_title(f"N = {students}", fontsize=9.5, loc="left")
    axes.tick_params(labelsize=8)
    tidy(axes)


def _draw_legend(drawing: CanonicalFigure) -> None:
    named: dict[str, Any] = {}
    for axes in drawing.axes:
        for handle, name in zip(*axes.get_legend_handles_labels(), strict=True):
            named.setdefault(name, handle)
    drawing.legend(
        named.values(),
        named.keys(),
        loc="outside upper center",
        ncols=2,
        frameon=False,
        fontsize=8.5,
        handlelength=3.2,
    )


def picture(rows: Sequence[Row], classes: int) -> CanonicalFigure:
    """Return the figure of `rows`, as `nonn.score_survivors` writes them, of images of `classes`.

    Raises
    ------
    HarnessError
        There are no rows, or two for the same students.
    """
    from harness.formats import figure

    if not rows:
        raise HarnessError(
            "the picture of surviving students has no rows to draw",
            "give an input with the rows of nonn.score_survivors",
        )
    systems = curves_of(rows)
    dropouts = sorted({dropout for curves in systems.values() for dropout in curves})
    places = {dropout: position for position, dropout in enumerate(dropouts)}
    drawing = figure.new(max(_NARROWEST, round(0.7 + _COLUMN * len(systems), 2)), _HEIGHT)
    grid = drawing.subplots(1, len(systems), squeeze=False, sharey=True)[0]
    for axes, (students, curves) in zip(grid, systems.items(), strict=True):
        axes.set_ylim(0, 102)
        _draw_system(axes, students, curves, places)
        _draw_chance(axes, classes, named=axes is grid[0])
        axes.set_xlabel("students that answer", fontsize=9)
    grid[0].set_ylabel("test accuracy / %", fontsize=9)
    _draw_legend(drawing)
    drawing.supxlabel(_KEY, fontsize=7.5, color=GREY)
    return drawing


def draw_accuracy_against_survivors(
    inputs: Inputs,
    params: AccuracyAgainstSurvivorsParams,
    outputs: Outputs,
    run: Run,  # noqa: ARG001 - the contract of a step
) -> None:
    """Step: draw how accurate a system is when only some of its students answer."""
    rows = [row for name in inputs.names() for row in inputs.rows(name)]
    outputs.figure("figure", picture(rows, params.classes))
