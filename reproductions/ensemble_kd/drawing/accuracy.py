"""Accuracy against bits, and by how much each system differs from separately trained networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.drawing.axes import sheet
from reproductions.drawing.labels import Box
from reproductions.drawing.means import Mean
from reproductions.drawing.palette import GREY, INK, Look
from reproductions.drawing.panel import Panel, Scale
from reproductions.ensemble_kd.drawing import ends
from reproductions.ensemble_kd.drawing.scores import Scored, marker_size, scored
from reproductions.ensemble_kd.params.drawing import AccuracyAgainstBitsParams, System

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from harness.formats.figure import CanonicalFigure

# Points: from one width to the next, or more for many systems; what is free around the two panels
# and between them; their heights.
_STEP, _LEFT, _ABOVE, _BETWEEN, _BELOW = 58.0, 62.0, 10.0, 16.0, 38.0
_UPPER, _LOWER = 190.0, 110.0
_APART = 6.0  # points between systems of one width, which are drawn side by side


def _panels(alone: Scored, systems: Sequence[Scored], widths: Sequence[int]) -> tuple[Panel, Panel]:
    """Return the panel of accuracy, and the one of differences below it."""
    across = Scale(-0.5, len(widths) - 0.5)
    step = max(_STEP, _APART * (len(systems) + 3))
    right = _LEFT + step * len(widths)
    values = [end for one in (alone, *systems) for m in one.means().values() for end in m.ends]
    beyond = [end for one in systems for m in one.beyond(alone).values() for end in m.ends]
    low = _BELOW + _LOWER + _BETWEEN
    return (
        Panel(Box(_LEFT, low, right, low + _UPPER), across, Scale.around(values, 0.06, 0.06)),
        Panel(
            Box(_LEFT, _BELOW, right, _BELOW + _LOWER),
            across,
            Scale.around([0.0, *beyond], 0.1, 0.1),
        ),
    )


def _draw(axes: Axes, means: Mapping[float, Mean], style: Look) -> None:
    """Draw a system's means at their places along the axis, joined, with their deviations."""
    axes.errorbar(
        list(means),
        [one.value for one in means.values()],
        yerr=[one.deviation for one in means.values()],
        color=style.colour,
        linestyle=style.dashes,
        linewidth=1.2,
        marker=style.marker,
        markersize=marker_size(style),
        markeredgecolor="white",
        markeredgewidth=0.6,
        elinewidth=1.0,
        capsize=2.0,
        zorder=3,
    )


def _placed(means: Mapping[int, Mean], places: Mapping[int, float]) -> dict[float, Mean]:
    return {places[bits]: one for bits, one in means.items()}


def _set_widths(upper: Axes, lower: Axes, widths: Sequence[int]) -> None:
    for axes in (upper, lower):
        axes.set_xticks(range(len(widths)), [str(bits) for bits in widths])
        axes.tick_params(axis="x", length=0)
        for at in range(0, len(widths), 2):
            axes.axvspan(at - 0.5, at + 0.5, color=GREY, alpha=0.07, linewidth=0, zorder=0)
    upper.tick_params(axis="x", labelbottom=False)
    lower.set_xlabel("bits of weights and activations", fontsize=9)


def picture(
    separate: Sequence[Row], others: Sequence[Row], shown: Sequence[System]
) -> CanonicalFigure:
    """Return the figure of rows of `separate` networks and of `others` with shared weights.

    Raises
    ------
    HarnessError
        There is nothing to draw, or a system of `shown` is not there.
    """
    alone, systems = scored(separate, others, shown)
    every = [alone, *systems]
    widths = sorted({bits for one in every for bits in one.accuracy})
    above, below = _panels(alone, systems, widths)
    wide = above.place.right + ends.room([one.label for one in every])
    height = above.place.high + _ABOVE
    drawing = sheet(wide, height)
    upper, lower = above.axes(drawing), below.axes(drawing)
    lower.axhline(0, color=INK, linewidth=1.0, zorder=2)
    middle = (len(every) - 1) / 2
    names: list[ends.End] = []
    for rank, one in enumerate(every):
        places = {
            bits: above.beside(at, (rank - middle) * _APART) for at, bits in enumerate(widths)
        }
        means = _placed(one.means(), places)
        _draw(upper, means, one.look)
        if one is not alone:
            _draw(lower, _placed(one.beyond(alone), places), one.look)
        last = max(means)
        names.append(ends.End(one.label, one.look, (last, means[last].value)))
    ends.write_ends(upper, above, names)
    _set_widths(upper, lower, widths)
    upper.set_ylabel("test accuracy / %", fontsize=9)
    lower.set_ylabel("difference to\nseparate / points", fontsize=9)
    return drawing


def draw_accuracy_against_bits(
    inputs: Inputs,
    params: AccuracyAgainstBitsParams,
    outputs: Outputs,
    run: Run,  # noqa: ARG001 - the contract of a step
) -> None:
    """Step: draw the accuracy of every width, trained in every way.

    The input `separate` has the networks that were trained alone; every other input has systems
    with shared weights.
    """
    others = [row for name in inputs.names() if name != "separate" for row in inputs.rows(name)]
    drawing = picture(inputs.rows("separate"), others, params.systems)
    outputs.figure("figure", drawing)
