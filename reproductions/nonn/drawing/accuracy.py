"""Accuracy against the bytes of one node: students, baselines, and the teacher as a line."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from harness.errors import HarnessError
from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.nonn.drawing.layout import spread
from reproductions.nonn.drawing.palette import GREY, INK, look
from reproductions.nonn.params.drawing import AccuracyAgainstBytesParams

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from harness.formats.figure import CanonicalFigure

_WIDTH, _HEIGHT = 6.4, 4.2
_LINE = 10.5  # points from one label to the next


@dataclass(frozen=True)
class Mark:
    """One point of the picture: a system, averaged over its seeds."""

    series: str
    label: str
    kilobytes: float
    accuracy: float
    deviation: float


def _series(row: Row) -> str:
    if row["partition"] == "none":
        return f"{row['network']} alone, {'distilled' if row['distilled'] else 'not distilled'}"
    return (
        f"{row['network']}, filters by {_PARTITIONS.get(str(row['partition']), row['partition'])}"
    )


_PARTITIONS = {"communities": "community", "random": "chance"}


def marks_of(rows: list[Row]) -> list[Mark]:
    """Return one mark for each system of `rows`, in the order in which they first occur."""
    seeds: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        seeds.setdefault((_series(row), int(row["students"] or 0)), []).append(row)
    marks = []
    for (series, students), found in seeds.items():
        values = [float(row["accuracy"] or 0) for row in found]
        # Seeds cut other communities, so their bridges differ by a few bytes.
        bytes_ = fmean(float(row["bytes"] or 0) for row in found)
        marks.append(
            Mark(
                series,
                "" if found[0]["partition"] == "none" else f"N = {students}",
                round(bytes_ / 1000, 3),
                fmean(values),
                stdev(values) if len(values) > 1 else 0.0,
            )
        )
    return marks


def _draw_marks(axes: Axes, marks: list[Mark]) -> None:
    """Draw each series with its own mark, the points of one series joined by a thin line."""
    for number, name in enumerate(dict.fromkeys(mark.series for mark in marks)):
        own = sorted((mark for mark in marks if mark.series == name), key=lambda m: m.kilobytes)
        style = look(number)
        axes.errorbar(
            [mark.kilobytes for mark in own],
            [mark.accuracy for mark in own],
            yerr=[mark.deviation for mark in own] if any(m.deviation for m in own) else None,
            label=name,
            color=style.colour,
            marker=style.marker,
            markersize=7.5,
            markeredgecolor="white",
            markeredgewidth=0.8,
            linestyle=style.dashes,
            linewidth=0.9,
            elinewidth=1.1,
            capsize=3,
        )


def _draw_labels(axes: Axes, marks: list[Mark]) -> None:
    """Write each mark's label beside it, moved up or down where two would touch."""
    from matplotlib.patheffects import withStroke

    (low, high), (left, right) = axes.get_ylim(), axes.get_xlim()
    point = (high - low) / (_HEIGHT * 72 * 0.62)
    named = [mark for mark in marks if mark.label]
    for column in _columns(named, math.log(right / left)):
        heights = spread([mark.accuracy for mark in column], _LINE * point)
        for mark, height in zip(column, heights, strict=True):
            axes.annotate(
                mark.label,
                (mark.kilobytes, mark.accuracy),
                xytext=(8, round((height - mark.accuracy) / point, 2)),
                textcoords="offset points",
                va="center",
                fontsize=8,
                color=INK,
                path_effects=[withStroke(linewidth=2.5, foreground="white")],
            )


def _columns(marks: list[Mark], span: float) -> list[list[Mark]]:
    """Group marks whose labels would stand above each other."""
    columns: list[list[Mark]] = []
    for mark in sorted(marks, key=lambda mark: (mark.kilobytes, mark.accuracy)):
        if columns and math.log(mark.kilobytes / columns[-1][0].kilobytes) < 0.09 * span:
            columns[-1].append(mark)
        else:
            columns.append([mark])
    return columns


def _draw_teacher(axes: Axes, teacher: Mark, students: list[Mark]) -> None:
    ratio = teacher.kilobytes / max(mark.kilobytes for mark in students)
    axes.axhline(teacher.accuracy, color=INK, linewidth=1.2, zorder=1)
    if teacher.deviation:
        low, high = teacher.accuracy - teacher.deviation, teacher.accuracy + teacher.deviation
        axes.axhspan(low, high, color=INK, alpha=0.08, linewidth=0, zorder=0)
    axes.annotate(
        f"teacher {teacher.series.partition(' ')[0]}: {teacher.accuracy:.1f} %, "
        f"{_size(teacher.kilobytes)}, {ratio:.3g} times the largest node",
        (0.01, teacher.accuracy),
        xycoords=("axes fraction", "data"),
        xytext=(0, 4),
        textcoords="offset points",
        fontsize=8,
        color=INK,
    )


def _size(kilobytes: float) -> str:
    return f"{kilobytes / 1000:.3g} MB" if kilobytes >= 1000 else f"{kilobytes:.3g} kB"


def _set_limits(axes: Axes, marks: list[Mark], teacher: Mark) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

    small = min(mark.kilobytes for mark in marks)
    large = max(mark.kilobytes for mark in marks)
    room = max(1.02, (large / small) ** 0.25)
    axes.set_xscale("log")
    axes.set_xlim(small / room, large * room**1.4)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    low = min(mark.accuracy - mark.deviation for mark in [*marks, teacher])
    high = max(mark.accuracy + mark.deviation for mark in [*marks, teacher])
    space = max(high - low, 0.5)
    axes.set_ylim(low - 0.12 * space, high + 0.16 * space)


def picture(teacher: list[Row], others: list[Row]) -> CanonicalFigure:
    """Return the figure; `teacher` and `others` hold score rows, those of several seeds too."""
    from harness.formats import figure

    lines, marks = marks_of(teacher), marks_of(others)
    if len(lines) != 1 or not marks:
        raise HarnessError(
            f"the picture of accuracy needs one teacher and another system or more, "
            f"not {len(lines)} and {len(marks)}",
            "give the scores of one network as input 'teacher' and at least one further input",
        )
    line = lines[0]
    drawing = figure.new(_WIDTH, _HEIGHT)
    axes = drawing.subplots()
    _set_limits(axes, marks, line)
    _draw_teacher(axes, line, marks)
    _draw_marks(axes, marks)
    _draw_labels(axes, marks)
    axes.set_xlabel("kB of weights on one node (largest, single precision, log scale)")
    axes.set_ylabel("test accuracy / %")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=GREY, alpha=0.2, linewidth=0.6)
    columns = 2 if len({mark.series for mark in marks}) > 1 else 1
    drawing.legend(
        loc="outside lower center", ncols=columns, frameon=False, fontsize=8, handlelength=3
    )
    return drawing


def draw_accuracy_against_bytes(
    inputs: Inputs,
    params: AccuracyAgainstBytesParams,  # noqa: ARG001 - the contract of a step
    outputs: Outputs,
    run: Run,  # noqa: ARG001 - the contract of a step
) -> None:
    """Step: draw accuracy against bytes from the input `teacher` and every other one."""
    others = [row for name in inputs.names() if name != "teacher" for row in inputs.rows(name)]
    outputs.figure("figure", picture(inputs.rows("teacher"), others))
