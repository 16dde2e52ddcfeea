"""Training curves: accuracy above loss, one column for each training stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import HarnessError
from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.drawing.curves import Curve, draw_curve
from reproductions.drawing.layout import spread
from reproductions.drawing.palette import GREY, Look, look
from reproductions.nonn.params.drawing import TrainingCurvesParams

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from harness.formats.figure import CanonicalFigure

_COLUMN, _NARROWEST, _HEIGHT = 2.1, 4.4, 4.7
_THICK = 1.5  # points: a line
_LINE = 9.5  # points from one label to the next
_KEY = (
    "With marks: validation; thin: training.\n"
    "Lines are means over the seeds, bands reach from the lowest to the highest."
)


def curve_of(rows: list[Row], column: str) -> Curve:
    """Return the curve of `column` over the epochs of `rows`."""
    values: dict[int, list[float]] = {}
    for row in rows:
        values.setdefault(int(row["epoch"] or 0), []).append(float(row[column] or 0))
    return Curve.of(values)


def by_network(rows: list[Row]) -> dict[str, list[Row]]:
    """Return the rows of each trained network, in the order in which they first occur."""
    networks: dict[str, list[Row]] = {}
    for row in rows:
        networks.setdefault(str(row["network"]), []).append(row)
    return networks


def short_names(names: list[str]) -> list[str]:
    """Return `names` without the words that all of them begin and end with."""
    if len(names) == 1:
        return names
    words = [name.split() for name in names]
    while all(len(name) > 1 and name[0] == words[0][0] for name in words):
        words = [name[1:] for name in words]
    while all(len(name) > 1 and name[-1] == words[0][-1] for name in words):
        words = [name[:-1] for name in words]
    return [" ".join(name) for name in words]


def _draw_faint(axes: Axes, curve: Curve, style: Look) -> None:
    """Draw one curve thin and without marks."""
    axes.plot(curve.epochs, curve.mean, color=style.colour, linewidth=0.7, alpha=0.6)


def _label_ends(axes: Axes, curves: dict[str, Curve], styles: dict[str, Look]) -> None:
    """Write each curve's name where it ends, apart from the others."""
    low, high = axes.get_ylim()
    point = (high - low) / (_HEIGHT / 2 * 72 * 0.78)
    ends = [curve.mean[-1] for curve in curves.values()]
    for (name, curve), height in zip(curves.items(), spread(ends, _LINE * point), strict=True):
        axes.annotate(
            name,
            (curve.epochs[-1], curve.mean[-1]),
            xytext=(7, round((height - curve.mean[-1]) / point, 2)),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=styles[name].colour,
            annotation_clip=False,
        )


def _draw_stage(upper: Axes, lower: Axes, rows: list[Row], first: int) -> int:
    """Draw accuracy and loss of one stage with looks from `first` on; return how many it took."""
    networks = by_network(rows)
    names = dict(zip(short_names(list(networks)), networks.values(), strict=True))
    styles = {name: look(first + number) for number, name in enumerate(names)}
    validated = {name: curve_of(own, "validation_accuracy") for name, own in names.items()}
    for name, own in names.items():
        _draw_faint(upper, curve_of(own, "train_accuracy"), styles[name])
        draw_curve(upper, validated[name], styles[name], _THICK)
        draw_curve(lower, curve_of(own, "loss"), styles[name], _THICK)
    _label_ends(upper, validated, styles)
    return len(names)


def _use_log_scale(axes: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=9))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _finish(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=GREY, alpha=0.2, linewidth=0.6)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True, steps=[1, 2, 5, 10]))
    axes.tick_params(labelsize=8)


def picture(histories: dict[str, list[Row]]) -> CanonicalFigure:
    """Return the figure of `histories`: for each training stage the rows of its history."""
    from harness.formats import figure

    if not histories or not all(histories.values()):
        raise HarnessError(
            "the picture of the training curves needs the history of at least one stage",
            "give an input with the rows of a training stage's history",
        )
    drawing = figure.new(max(_NARROWEST, round(0.7 + _COLUMN * len(histories), 2)), _HEIGHT)
    grid = drawing.subplots(2, len(histories), squeeze=False, sharex="col")
    floor = _floor([row for rows in histories.values() for row in rows])
    taken = 0
    for column, (name, rows) in enumerate(histories.items()):
        upper, lower = grid[:, column]
        upper.set_ylim(floor, 100 + (100 - floor) * 0.03)
        _use_log_scale(lower)
        taken += _draw_stage(upper, lower, rows, taken)
        upper.set_title(name.replace("_", " "), fontsize=9.5, loc="left")
        lower.set_xlabel("epoch", fontsize=9)
        _finish(upper)
        _finish(lower)
    grid[0, 0].set_ylabel("accuracy / %", fontsize=9)
    grid[1, 0].set_ylabel("training loss (log scale)", fontsize=9)
    drawing.supxlabel(_KEY, fontsize=7.5, color=GREY)
    return drawing


def _floor(rows: list[Row]) -> float:
    """Return where the accuracy axis begins: below all but the first tenth of the epochs."""
    last = max(int(row["epoch"] or 0) for row in rows)
    late = [
        float(row[column] or 0)
        for row in rows
        if int(row["epoch"] or 0) > last // 10
        for column in ("train_accuracy", "validation_accuracy")
    ]
    return max(0.0, 5.0 * (min(late) // 5) - 2.5)


def draw_training_curves(
    inputs: Inputs,
    params: TrainingCurvesParams,  # noqa: ARG001 - the contract of a step
    outputs: Outputs,
    run: Run,  # noqa: ARG001 - the contract of a step
) -> None:
    """Step: draw the training curves of every input, the teacher's first."""
    names = sorted(inputs.names(), key=lambda name: (name != "teacher", name))
    outputs.figure("figure", picture({name: inputs.rows(name) for name in names}))
