"""Predicted latency against the speed of the link: NoNN, and networks split layer by layer."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import HarnessError
from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.drawing.axes import fixed, sheet, tidy
from reproductions.drawing.labels import Box
from reproductions.drawing.layout import spread
from reproductions.drawing.palette import GREY, INK, MARKERS, look
from reproductions.nonn.params.drawing import LatencyAgainstLinkParams

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from harness.formats.figure import CanonicalFigure

# Points: the figure's width, the axes' sides, and what is free left, right, above and below them.
_WIDTH, _ACROSS, _UP, _LEFT, _ABOVE, _BELOW = 470.0, 300.0, 255.0, 52.0, 10.0, 40.0
_TEXT, _LINE = 7.5, 10.5  # points of a text, and from one line to the next
_ROOM = 1.25  # factor from the lowest and highest point to the ends of their axis
_METHODS = {"nonn": "NoNN", "split-student": "split student", "split-teacher": "split teacher"}
_SHAPED = re.compile(r"(?P<rate>[0-9.]+) Mbit/s")
_WHOLE = {
    "nonn": "NoNN, one node",
    "split-student": "student whole",
    "split-teacher": "teacher whole",
}


@dataclass(frozen=True)
class Course:
    """The end-to-end latency of one method on some devices, by the speed of their links.

    `megabits` (Mbit/s) rise; `milliseconds` are those of one image. `scaled` says that the
    compute time was not measured on that many devices.
    """

    method: str
    devices: int
    megabits: list[float]
    milliseconds: list[float]
    scaled: bool

    @property
    def name(self) -> str:
        """What the label at the end of the line says."""
        text = f"{_METHODS[self.method]}, N = {self.devices}"
        return f"{_WHOLE[self.method] if self.devices == 1 else text}{' *' if self.scaled else ''}"


def courses_of(rows: Sequence[Row], params: LatencyAgainstLinkParams) -> list[Course]:
    """Return what `params` choose of `rows`, by method and number of devices.

    Raises
    ------
    HarnessError
        There are no such rows, or several for the same point.
    """
    chosen = [row for row in rows if _wanted(row, params)]
    missing = sorted(set(params.devices) - {int(row["devices"] or 0) for row in chosen})
    if missing:
        raise HarnessError(
            f"there is no prediction for {missing[0]} devices with a link's latency of "
            f"{params.latency_ms:g} ms and {params.form} in {params.precision}; the rows have "
            f"{_there(rows)}",
            "let the simulation predict it, or draw another",
        )
    found: dict[tuple[str, int], list[Row]] = {}
    for row in chosen:
        found.setdefault((str(row["method"]), int(row["devices"] or 0)), []).append(row)
    order = [(method, devices) for method in _METHODS for devices in params.devices]
    return [_course(*key, found[key]) for key in order if key in found]


def _wanted(row: Row, params: LatencyAgainstLinkParams) -> bool:
    if row["devices"] not in params.devices or row["latency_ms"] != params.latency_ms:
        return False
    answer = row["form"], row["precision"]
    return row["method"] != "nonn" or answer == (params.form, params.precision)


def _there(rows: Sequence[Row]) -> str:
    """Say what there is to choose from."""
    said = []
    for column, unit in (
        ("devices", "devices"),
        ("latency_ms", "ms"),
        ("form", ""),
        ("precision", ""),
    ):
        values = {row[column] for row in rows} - {None, ""}
        ordered = sorted(values, key=lambda value: (isinstance(value, str), value))
        said.append(f"{' '.join(map(str, ordered))} {unit}".strip())
    return "; ".join(said)


def _course(method: str, devices: int, rows: Sequence[Row]) -> Course:
    points: dict[float, float] = {}
    for row in rows:
        megabits = float(row["bandwidth_mbit"] or 0)
        if megabits in points:
            raise HarnessError(
                f"several rows predict {method} on {devices} devices at {megabits:g} Mbit/s",
                "give the figure the rows of one simulation of one network",
            )
        points[megabits] = float(row["total_ms"] or 0)
    ordered = sorted(points)
    scaled = any(row["compute"] == "scaled" for row in rows)
    return Course(method, devices, ordered, [points[at] for at in ordered], scaled)


@dataclass(frozen=True)
class Point:
    """A measured latency: of NoNN on some devices or, on one, of the whole teacher."""

    devices: int
    megabits: float
    milliseconds: float


def points_of(measured: Sequence[Row], params: LatencyAgainstLinkParams) -> list[Point]:
    """Return what was measured end to end over shaped links, as `params` choose.

    `measured` are rows of ``nonn.summarise_deployment``. Those of single nodes, without a shaped
    link or without a time have no place in the picture.
    """
    points = []
    for row in measured:
        megabits = _SHAPED.fullmatch(str(row["link"]))
        time = row["median_ms"]
        if row["node"] != "all" or megabits is None or not isinstance(time, int | float):
            continue
        whole = row["system"] == "teacher"
        if whole or (row["form"], row["precision"]) == (params.form, params.precision):
            devices = int(row["students"] or 0)
            points.append(Point(devices, float(megabits["rate"]), float(time)))
    return [point for point in points if point.devices in params.devices]


def notes_of(
    courses: Sequence[Course], rows: Sequence[Row], params: LatencyAgainstLinkParams
) -> list[str]:
    """Return the lines below the picture: what was assumed, and what the numbers rest on."""
    records = ", ".join(sorted({str(row["record"]) for row in rows}))
    answers = f"{params.form} in {params.precision}"
    notes = [
        f"Lines: predicted, links of {params.latency_ms:g} ms one way, NoNN sending {answers}.",
        f"Compute times from record {records} of the deployment.",
    ]
    if any(course.scaled for course in courses):
        notes.append("* Compute time scaled by multiply-adds from that of another number of nodes.")
    if not all(row["current"] for row in rows):
        notes.append("The record was measured on other networks than the present ones.")
    if not all(row["complete"] for row in rows):
        notes.append("The record is not complete.")
    return notes


def _draw_courses(axes: Axes, courses: Sequence[Course], devices: Sequence[int]) -> None:
    """Draw each line: colour and dashes tell the method, marks the number of devices."""
    for course in courses:
        style = look(list(_METHODS).index(course.method))
        # NoNN's lines may lie close to those of a student on one node, and are drawn over them.
        axes.plot(
            course.megabits,
            course.milliseconds,
            color=style.colour,
            linestyle=style.dashes,
            linewidth=1.2,
            marker=MARKERS[list(devices).index(course.devices)],
            markersize=5,
            markeredgecolor="white",
            markeredgewidth=0.5,
            zorder=4 if course.method == "nonn" else 3,
        )


def _label_ends(axes: Axes, courses: Sequence[Course], limits: tuple[float, float]) -> None:
    """Write each line's name beside its end, in their order and apart from each other."""
    low, high = limits
    ends = [
        round(_UP * math.log(course.milliseconds[-1] / low) / math.log(high / low), 2)
        for course in courses
    ]
    heights = spread(ends, _LINE, _LINE / 2)
    for course, end, height in zip(courses, ends, heights, strict=True):
        axes.annotate(
            course.name,
            (course.megabits[-1], course.milliseconds[-1]),
            xytext=(22, round(height - end, 2)),
            textcoords="offset points",
            va="center",
            fontsize=_TEXT,
            color=INK,
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": look(list(_METHODS).index(course.method)).colour,
                "linewidth": 0.7,
                "relpos": (0, 0.5),
                "shrinkA": 1,
                "shrinkB": 4,
            },
        )


def _draw_measured(axes: Axes, measured: Sequence[Point], devices: Sequence[int]) -> None:
    for point in measured:
        axes.plot(
            [point.megabits],
            [point.milliseconds],
            color=INK,
            marker=MARKERS[list(devices).index(point.devices)],
            markersize=8,
            markerfacecolor="none",
            markeredgewidth=1.4,
            linestyle="none",
            zorder=5,
        )


def _set_scales(axes: Axes, across: tuple[float, float], up: tuple[float, float]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(*across)
    axes.set_ylim(*up)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=20))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.tick_params(labelsize=8)


def _range(values: Sequence[float], room: float) -> tuple[float, float]:
    return min(values) / room, max(values) * room


def picture(
    rows: Sequence[Row], measured: Sequence[Row], params: LatencyAgainstLinkParams
) -> CanonicalFigure:
    """Return the figure of `rows`, as `nonn.simulate` writes them, with `measured` points.

    Raises
    ------
    HarnessError
        `rows` lack what `params` choose, or have it twice.
    """
    courses = courses_of(rows, params)
    shown = points_of(measured, params)
    notes = notes_of(courses, [row for row in rows if _wanted(row, params)], params)
    if shown:
        notes.append("Large black marks: measured end to end over shaped links.")
    below = _BELOW + _LINE * len(notes)
    height = below + _UP + _ABOVE
    drawing = sheet(_WIDTH, height)
    axes = fixed(drawing, Box(_LEFT, below, _LEFT + _ACROSS, below + _UP))
    points = [(point.megabits, point.milliseconds) for point in shown]
    points += [
        at for course in courses for at in zip(course.megabits, course.milliseconds, strict=True)
    ]
    up = _range([point[1] for point in points], _ROOM)
    _set_scales(axes, _range([point[0] for point in points], 1.15), up)
    tidy(axes)
    _draw_courses(axes, courses, params.devices)
    _label_ends(axes, courses, up)
    _draw_measured(axes, shown, params.devices)
    axes.set_xlabel("bandwidth of each node's link / (Mbit/s), log scale", fontsize=9)
    axes.set_ylabel("latency of one image, end to end / ms, log scale", fontsize=9)
    place = _LEFT / _WIDTH, _LINE / 2 / height
    drawing.text(
        *place, "\n".join(notes), va="bottom", fontsize=_TEXT, color=GREY, linespacing=1.25
    )
    return drawing


def draw_latency_against_link(
    inputs: Inputs,
    params: LatencyAgainstLinkParams,
    outputs: Outputs,
    run: Run,  # noqa: ARG001 - the contract of a step
) -> None:
    """Step: draw the rows of a simulation over the speed of the links, and measured ones."""
    measured = inputs.rows("measured") if "measured" in inputs else []
    outputs.figure("figure", picture(inputs.rows("simulation"), measured, params))
