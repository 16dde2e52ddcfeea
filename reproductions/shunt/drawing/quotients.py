"""The knowledge quotient of every block, below the windows that were chosen by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from harness.errors import HarnessError
from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.drawing.axes import fixed, sheet, size_of, tidy
from reproductions.drawing.labels import Box
from reproductions.drawing.palette import COLOURS, GREY, INK, PALE
from reproductions.shunt.architecture import describe
from reproductions.shunt.params.drawing import KnowledgeQuotientsParams

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from harness.formats.figure import CanonicalFigure

# Points: the figure's width; what is free beside, above and below the axes, and beside a text of
# the systems; the height of the bars, and of the line of one system.
_WIDTH, _LEFT, _RIGHT, _ABOVE, _BELOW, _GAP = 461.0, 48.0, 12.0, 8.0, 60.0, 6.0
_UP, _LANE = 165.0, 15.0
_TEXT = 8.0
_BY_HAND, _BY_SEARCH = COLOURS[1], COLOURS[0]


@dataclass(frozen=True)
class Block:
    """The quotients of one block, one a seed; none where it cannot be taken out."""

    ordinal: int
    quotients: tuple[float, ...]


@dataclass(frozen=True)
class Lane:
    """A system above the bars: its name, the first and last blocks of its windows, its loss."""

    name: str
    windows: tuple[tuple[int, int], ...]
    by_hand: bool
    loss: float | None

    @property
    def blocks(self) -> list[int]:
        """The blocks that its windows hold."""
        return [block for first, last in self.windows for block in range(first, last + 1)]


def blocks_of(rows: Sequence[Row], residual: Sequence[bool]) -> list[Block]:
    """Return all blocks of a network with their quotients from `rows` of windows.

    Raises
    ------
    HarnessError
        No row tells of one residual block alone, or one is of no block of the network.
    """
    found: list[list[float]] = [[] for _ in residual]
    for row in rows:
        first, quotient = row["first"], row["quotient"]
        if first != row["last"] or not isinstance(quotient, int | float):
            continue
        if not isinstance(first, int) or not 0 <= first < len(found):
            raise HarnessError(
                f"a quotient is that of block {first}; the network has 0 to {len(found) - 1}",
                "give the figure the network that the quotients were measured on",
            )
        found[first].append(float(quotient))
    if not any(found):
        raise HarnessError(
            f"the picture of the knowledge quotients has no quotient of a single block to draw; "
            f"it has {len(rows)} rows",
            "give an input with the quotients of windows of one block",
        )
    return [Block(ordinal, tuple(values)) for ordinal, values in enumerate(found)]


def lanes_of(choices: Sequence[Row], names: Sequence[str]) -> list[Lane]:
    """Return the systems `names` of the rows of a search; HarnessError names one that is not there.

    A system whose budget was refused has no windows.
    """
    return [_lane([row for row in choices if row["system"] == name], name) for name in names]


def _lane(rows: Sequence[Row], name: str) -> Lane:
    if not rows:
        raise HarnessError(
            f"params.systems: the search has no system '{name}'",
            "name systems of the input 'choices', or give the search a budget of this name",
        )
    windows = tuple(
        (row["first"], row["last"])
        for row in rows
        if isinstance(row["first"], int) and isinstance(row["last"], int)
    )
    loss = rows[0]["total_loss"]
    return Lane(
        name,
        windows,
        rows[0]["chosen_by"] == "hand",
        float(loss) if isinstance(loss, int | float) else None,
    )


def _draw_bars(axes: Axes, blocks: Sequence[Block]) -> None:
    """Draw the mean of each block as a bar, the range of its seeds, and every seed as a dot."""
    measured = [block for block in blocks if block.quotients]
    means = [fmean(block.quotients) for block in measured]
    below = [mean - min(block.quotients) for mean, block in zip(means, measured, strict=True)]
    above = [max(block.quotients) - mean for mean, block in zip(means, measured, strict=True)]
    places = [block.ordinal for block in measured]
    axes.bar(places, means, width=0.62, color="#9CC6E4", edgecolor=COLOURS[0], linewidth=0.8)
    if all(len(block.quotients) == 1 for block in measured):
        return
    axes.errorbar(
        places, means, yerr=[below, above], fmt="none", ecolor=INK, elinewidth=0.9, capsize=2.5
    )
    axes.scatter(
        [block.ordinal for block in measured for _ in block.quotients],
        [value for block in measured for value in block.quotients],
        s=9,
        color=INK,
        zorder=4,
        linewidths=0,
    )


def _draw_others(axes: Axes, blocks: Sequence[Block]) -> None:
    """Mark the blocks that cannot be taken out."""
    others = [block.ordinal for block in blocks if not block.quotients]
    axes.scatter(others, [0] * len(others), s=22, marker="x", color=GREY, linewidths=1.1, zorder=4)


def _draw_lanes(axes: Axes, lanes: Sequence[Lane]) -> None:
    """Draw each system's windows on a line of its own, with its name and its loss at the ends."""
    for height, lane in enumerate(lanes):
        colour = _BY_HAND if lane.by_hand else _BY_SEARCH
        for first, last in lane.windows:
            axes.barh(
                height,
                last - first + 0.8,
                left=first - 0.4,
                height=0.62,
                facecolor="white" if lane.by_hand else colour,
                edgecolor=colour,
                linewidth=1.1,
                hatch="////" if lane.by_hand else None,
            )
        axes.annotate(
            lane.name,
            (0, height),
            xycoords=("axes fraction", "data"),
            xytext=(-_GAP, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=_TEXT,
            color=INK,
        )
        axes.annotate(
            _said(lane),
            (1, height),
            xycoords=("axes fraction", "data"),
            xytext=(_GAP, 0),
            textcoords="offset points",
            ha="left",
            va="center",
            fontsize=_TEXT,
            color=GREY,
        )
    axes.set_ylim(len(lanes) - 0.5, -0.5)
    axes.set_axis_off()


def _said(lane: Lane) -> str:
    if not lane.windows:
        return "infeasible" if lane.loss is None else "no windows"
    return "" if lane.loss is None else f"loss {lane.loss:.3f}"


def _finish(axes: Axes, blocks: Sequence[Block]) -> None:
    from matplotlib.ticker import FixedLocator

    values = [0.0, *(value for block in blocks for value in block.quotients)]
    space = 0.05 * (max(values) - min(values) or 1.0)
    axes.set_ylim(min(values) - space, max(values) + space)
    axes.set_xlim(-0.7, len(blocks) - 0.3)
    axes.xaxis.set_major_locator(FixedLocator(range(len(blocks))))
    for label, block in zip(axes.get_xticklabels(), blocks, strict=True):
        label.set_color(INK if block.quotients else GREY)
    axes.axhline(0, color=INK, linewidth=0.8, zorder=1)
    axes.tick_params(labelsize=_TEXT)
    tidy(axes)
    axes.set_xlabel("block", fontsize=9)
    axes.set_ylabel("knowledge quotient", fontsize=9)


def _sides(lanes: Sequence[Lane]) -> tuple[float, float]:
    """Return where the axes begin and end, so that the texts beside the lanes fit."""
    names = [size_of(lane.name, _TEXT)[0] for lane in lanes]
    said = [size_of(_said(lane), _TEXT)[0] for lane in lanes if _said(lane)]
    left = max([_LEFT, *(width + 2 * _GAP for width in names)])
    return left, _WIDTH - max([_RIGHT, *(width + 2 * _GAP for width in said)])


def _draw_key(drawing: CanonicalFigure, lanes: Sequence[Lane], seeds: int) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    several = f"bar: mean of {seeds} seeds, whisker: their range, dots: each"
    handles: list[Patch | Line2D] = [
        Patch(
            facecolor="#9CC6E4",
            edgecolor=COLOURS[0],
            label=several if seeds > 1 else "quotient of the block",
        ),
        Line2D([], [], color=GREY, marker="x", linestyle="none", ms=4.5,
               label="not residual: no quotient"),
    ]  # fmt: skip
    if any(not lane.by_hand for lane in lanes):
        handles.append(Patch(facecolor=_BY_SEARCH, label="chosen by the search"))
    if any(lane.by_hand for lane in lanes):
        picked = Patch(facecolor="white", edgecolor=_BY_HAND, hatch="////", label="picked by hand")
        handles.append(picked)
    drawing.legend(
        handles=handles,
        loc="lower center",
        ncols=2,
        frameon=False,
        fontsize=_TEXT,
        borderaxespad=0.2,
        handlelength=1.6,
    )


def picture(
    rows: Sequence[Row], residual: Sequence[bool], lanes: Sequence[Lane]
) -> CanonicalFigure:
    """Return the figure of `rows` of quotients; `residual` says it of each block of the network.

    Raises
    ------
    HarnessError
        There is nothing to draw, or it is of another network.
    """
    blocks = blocks_of(rows, residual)
    top = _LANE * len(lanes) + (_GAP if lanes else 0)
    height = _BELOW + _UP + top + _ABOVE
    drawing = sheet(_WIDTH, height)
    left, right = _sides(lanes)
    axes = fixed(drawing, Box(left, _BELOW, right, _BELOW + _UP))
    for block in sorted({block for lane in lanes if lane.by_hand for block in lane.blocks}):
        axes.axvspan(block - 0.5, block + 0.5, color=PALE, alpha=0.4, linewidth=0, zorder=0)
    _draw_bars(axes, blocks)
    _draw_others(axes, blocks)
    _finish(axes, blocks)
    if lanes:
        low = _BELOW + _UP + _GAP
        above = fixed(drawing, Box(left, low, right, low + _LANE * len(lanes)))
        above.set_xlim(axes.get_xlim())
        _draw_lanes(above, lanes)
    _draw_key(drawing, lanes, max(len(block.quotients) for block in blocks))
    return drawing


def draw_knowledge_quotients(
    inputs: Inputs,
    params: KnowledgeQuotientsParams,
    outputs: Outputs,
    run: Run,  # noqa: ARG001 - the contract of a step
) -> None:
    """Step: draw the quotient of every block and the windows of some systems of a search."""
    residual = [block.residual for block in describe(params.network).blocks]
    choices = inputs.rows("choices") if "choices" in inputs else []
    lanes = lanes_of(choices, params.systems)
    outputs.figure("figure", picture(inputs.rows("quotients"), residual, lanes))
