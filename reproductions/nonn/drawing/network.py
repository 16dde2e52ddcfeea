"""The filter activation network: communities as discs on a ring, students as arcs around it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.errors import HarnessError
from harness.formats.arrays import Array
from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.drawing.layout import Point
from reproductions.drawing.palette import GREY, INK, PALE, look
from reproductions.nonn.drawing.ring import Disc, polar, ring, sunflower
from reproductions.nonn.params.drawing import ActivationNetworkParams
from reproductions.nonn.partition.cut import cut

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from harness.formats.figure import CanonicalFigure

# Inches: the ring with its arcs, the space for labels beside and above it, one row of dots.
_RING, _BESIDE, _ABOVE, _ROW = 4.5, 1.15, 0.62, 0.135
_COLUMNS = 46  # dropped filters in one row


@dataclass(frozen=True)
class Group:
    """One community of one student, its filters by falling activity."""

    student: int
    filters: tuple[int, ...]


def groups_of(assignment: list[Row], students: int, activity: list[float]) -> list[Group]:
    """Return the communities of the partition for `students`, those of a student side by side."""
    members: dict[tuple[int, int], list[int]] = {}
    for row in assignment:
        if row["students"] == students:
            key = int(row["student"] or 0), int(row["community"] or 0)
            members.setdefault(key, []).append(int(row["filter"] or 0))
    if not members:
        known = sorted({str(row["students"]) for row in assignment})
        raise HarnessError(
            f"params.students: the assignment has no partition for {students} students; "
            f"it has those for {', '.join(known)}",
            "give the partition stage this number too, or draw another",
        )
    ordered = sorted(members.items(), key=lambda item: (item[0][0], -len(item[1]), item[0][1]))
    return [
        Group(student, tuple(sorted(filters, key=lambda number: (-activity[number], number))))
        for (student, _), filters in ordered
    ]


@dataclass(frozen=True)
class Scale:
    """Points for each unit of the layout, and the activity of the most active filter."""

    unit: float
    most: float

    def area(self, activity: float) -> float:
        """Return the area of a filter's mark in square points; marks do not touch."""
        share = activity / self.most if self.most > 0 else 0.0
        return round(self.unit**2 * (0.14 + 0.6 * share), 2)


def _draw_discs(axes: Axes, discs: list[Disc]) -> None:
    from matplotlib.patches import Circle

    for disc in discs:
        axes.add_patch(Circle(disc.centre, disc.radius, facecolor="#F4F4F4", edgecolor=PALE))


def _draw_links(axes: Axes, links: Array, place: dict[int, Point], home: dict[int, int]) -> None:
    """Draw a line for each link: in its community's colour inside, grey between communities."""
    from matplotlib.collections import LineCollection

    pairs = [(int(i), int(j)) for i, j in np.argwhere(np.triu(links)) if i in place and j in place]
    pairs.sort(key=lambda pair: float(links[pair]))
    axes.add_collection(
        LineCollection(
            [(place[i], place[j]) for i, j in pairs],
            linewidths=[round(0.25 + 1.6 * float(links[i, j]) ** 1.5, 3) for i, j in pairs],
            colors=[look(home[i]).colour if home[i] == home[j] else GREY for i, j in pairs],
            alpha=[0.55 if home[i] == home[j] else 0.28 for i, j in pairs],
            capstyle="round",
            zorder=2,
        )
    )


def _draw_filters(
    axes: Axes, groups: list[Group], place: dict[int, Point], activity: list[float], scale: Scale
) -> None:
    for number, group in enumerate(groups):
        style = look(number)
        axes.scatter(
            [place[member][0] for member in group.filters],
            [place[member][1] for member in group.filters],
            s=[scale.area(activity[member]) for member in group.filters],
            c=style.colour,
            marker=style.marker,
            edgecolors="white",
            linewidths=0.5,
            zorder=3,
        )


def _plural(count: int, noun: str, nouns: str) -> str:
    return f"{count} {noun if count == 1 else nouns}"


def _draw_students(axes: Axes, groups: list[Group], discs: list[Disc], radius: float) -> None:
    """Draw an arc of `radius` with a label outside each student's discs."""
    for student in sorted({group.student for group in groups}):
        own = [at for at, group in enumerate(groups) if group.student == student]
        first, last = discs[own[0]], discs[own[-1]]
        start = first.angle + math.asin(min(1.0, first.radius / radius))
        end = last.angle - math.asin(min(1.0, last.radius / radius))
        steps = [start + (end - start) * step / 60 for step in range(61)]
        arc = [polar(radius, angle) for angle in steps]
        axes.plot(*zip(*arc, strict=True), color=INK, linewidth=1.5, solid_capstyle="round")
        _label(axes, student, [groups[at] for at in own], (radius, (start + end) / 2))


def _label(axes: Axes, student: int, own: list[Group], at: tuple[float, float]) -> None:
    radius, angle = at
    filters = sum(len(group.filters) for group in own)
    text = (
        f"student {student + 1}\n{_plural(filters, 'filter', 'filters')}\n"
        f"{_plural(len(own), 'community', 'communities')}"
    )
    across, up = math.cos(angle), math.sin(angle)
    axes.annotate(
        text,
        polar(radius, angle),
        xytext=(round(7 * across, 2), round(7 * up, 2)),
        textcoords="offset points",
        ha="left" if across > 0.3 else "right" if across < -0.3 else "center",
        va="bottom" if up > 0.2 else "top" if up < -0.2 else "center",
        fontsize=8.5,
        color=INK,
        linespacing=1.25,
        annotation_clip=False,
    )


def _draw_dropped(axes: Axes, dropped: list[int], activity: list[float], scale: Scale) -> None:
    """Draw the filters that no student has as grey rings, row by row, most active first."""
    columns = min(_COLUMNS, len(dropped))
    across = [number % columns - (columns - 1) / 2 for number in range(len(dropped))]
    down = [number // columns for number in range(len(dropped))]
    sizes = [scale.area(activity[number]) for number in dropped]
    axes.scatter(across, down, s=sizes, facecolors="white", edgecolors=GREY, linewidths=0.7)
    axes.set_xlim(-_COLUMNS / 2, _COLUMNS / 2)
    axes.set_ylim(_rows(dropped) - 0.5, -0.5)


def _rows(dropped: list[int]) -> int:
    return -(-len(dropped) // _COLUMNS)


def _frames(dropped: list[int]) -> tuple[CanonicalFigure, Axes, Axes]:
    """Return the figure, the axes of the network and those of the dropped filters below."""
    from harness.formats import figure

    width, network = _RING + 2 * _BESIDE, _RING + 2 * _ABOVE
    rows, note = _rows(dropped) * _ROW, 0.3
    below = note + rows + (0.3 if dropped else 0.0)
    height = network + below
    drawing = figure.new(width, round(height, 2))
    drawing.set_layout_engine("none")  # every place is computed here
    above = drawing.add_axes((0, below / height, 1, network / height))
    across = _COLUMNS * _ROW / width
    under = drawing.add_axes(((1 - across) / 2, note / height, across, rows / height))
    if dropped:
        text = f"{_plural(len(dropped), 'dropped filter', 'dropped filters')}"
        place = 0.5, (note + rows + 0.08) / height
        drawing.text(*place, text, ha="center", va="bottom", fontsize=8.5, color=GREY)
    text = "Area of a mark: activity of the filter. Width of a line: weight of the link."
    drawing.text(0.5, 0.09 / height, text, ha="center", va="bottom", fontsize=7.5, color=GREY)
    for axes in (above, under):
        axes.set_axis_off()
    return drawing, above, under


def picture(
    graph: dict[str, Array], assignment: list[Row], params: ActivationNetworkParams
) -> CanonicalFigure:
    """Return the figure of one partition of `graph`."""
    activity = [math.fsum(row) for row in graph["label_all"].tolist()]
    groups = groups_of(assignment, params.students, activity)
    discs = ring([len(group.filters) for group in groups], [group.student for group in groups])
    place: dict[int, Point] = {}
    home: dict[int, int] = {}
    for number, (group, disc) in enumerate(zip(groups, discs, strict=True)):
        place |= zip(group.filters, sunflower(len(group.filters), disc.centre), strict=True)
        home |= dict.fromkeys(group.filters, number)
    dropped = sorted(set(range(len(activity))) - set(place), key=lambda i: (-activity[i], i))
    drawing, axes, under = _frames(dropped)
    radius = max(math.hypot(*disc.centre) + disc.radius for disc in discs) + 0.9
    inch = 2 * radius / _RING
    axes.set_xlim(-radius - _BESIDE * inch, radius + _BESIDE * inch)
    axes.set_ylim(-radius - _ABOVE * inch, radius + _ABOVE * inch)
    scale = Scale(72 / inch, max(activity))
    _draw_discs(axes, discs)
    _draw_links(axes, cut(np.asarray(graph["weights"]), params.keep_percentile), place, home)
    _draw_filters(axes, groups, place, activity, scale)
    _draw_students(axes, groups, discs, radius)
    _draw_dropped(under, dropped, activity, Scale(72 * _ROW, scale.most))
    return drawing


def draw_activation_network(
    inputs: Inputs,
    params: ActivationNetworkParams,
    outputs: Outputs,
    run: Run,  # noqa: ARG001 - the contract of a step
) -> None:
    """Step: draw the filter activation network with its communities and students."""
    seeds = inputs.seeds("graph")
    first = seeds[0] if seeds else None
    assignment = inputs.rows("assignment")
    if seeds:
        # Every seed has a network of its own; the picture shows the first.
        assignment = [row for row in assignment if row.get("seed", first) == first]
    outputs.figure("figure", picture(inputs.arrays("graph", first), assignment, params))
