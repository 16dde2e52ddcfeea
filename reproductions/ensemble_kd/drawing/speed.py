"""How much faster every width is than fp32, layer by layer; what is slower grows downwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from harness.errors import HarnessError
from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.drawing.axes import sheet
from reproductions.drawing.labels import Box
from reproductions.drawing.marks import TEXT
from reproductions.drawing.palette import GREY, INK, Look
from reproductions.drawing.panel import Panel, Scale
from reproductions.ensemble_kd.drawing.columns import positive, text, whole
from reproductions.ensemble_kd.drawing.ticks import set_ticks
from reproductions.ensemble_kd.drawing.widths import looks, named
from reproductions.ensemble_kd.params.drawing import SpeedUpParams
from reproductions.ensemble_kd.params.quantisation import FULL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from harness.formats.figure import CanonicalFigure

# Points: what is free around the axes, and their height; a bar, and what is free between layers.
_LEFT, _RIGHT, _ABOVE, _BELOW, _HEIGHT = 52.0, 10.0, 24.0, 38.0, 200.0
_BAR, _BETWEEN = 20.0, 16.0
_NARROWEST = 260.0  # points: the axes, that the legend has room above them
_SMALL = TEXT - 1

SpeedUps = dict[str, dict[int, float]]
"""How many times as fast as fp32, by layer and width."""


def speed_ups_of(rows: Sequence[Row]) -> SpeedUps:
    """Return the speed-ups of `rows`, layers in the order in which they first occur.

    The rows of 32 bits are what the others are compared with, and left out.

    Raises
    ------
    HarnessError
        There is nothing to draw, or two rows tell one speed-up.
    """
    found: SpeedUps = {}
    for row in rows:
        layer, bits = text(row, "layer"), whole(row, "bits")
        if bits == FULL:
            continue
        widths = found.setdefault(layer, {})
        if bits in widths:
            raise HarnessError(
                f"two rows tell the speed-up of layer '{layer}' at {bits} bits",
                "give the figure the rows of one measurement",
            )
        widths[bits] = positive(row, "speed_up")
    if not found:
        raise HarnessError(
            f"the picture of speed-ups has {len(rows)} rows, and none of fewer than {FULL} bits",
            "give rows with the columns layer, bits and speed_up",
        )
    return found


def _panel(found: SpeedUps, widths: int) -> Panel:
    """Return the panel; across it, a bar is 1 wide."""
    bars = len(found) * (widths + _BETWEEN / _BAR)
    place = Box(_LEFT, _BELOW, _LEFT + max(_NARROWEST, bars * _BAR), _BELOW + _HEIGHT)
    values = [1.0, *(value for one in found.values() for value in one.values())]
    low = min(values) / (1.5 if min(values) < 1 else 1.1)
    up = Scale(float(f"{low:.6g}"), float(f"{max(values) * 1.3:.6g}"), logarithmic=True)
    return Panel(place, Scale(0, bars), up)


def _draw_bar(axes: Axes, x: float, value: float, style: Look) -> None:
    """Draw a bar from 1 to `value`; one that goes down is hollow and hatched."""
    slower = value < 1
    axes.bar(
        [x],
        [value - 1],
        bottom=1,
        width=0.86,
        color="white" if slower else style.colour,
        edgecolor=style.colour,
        hatch="/////" if slower else None,
        linewidth=1.0,
        zorder=3,
    )
    axes.annotate(
        shown(value),
        (x, value),
        xytext=(0, -2.5 if slower else 2.5),
        textcoords="offset points",
        ha="center",
        va="top" if slower else "bottom",
        fontsize=_SMALL,
        fontweight="bold" if slower else "normal",
        color=INK,
        zorder=5,
    )


def shown(value: float) -> str:
    """Return a speed-up as it is written above its bar: two figures or more, no exponent."""
    if value >= 9.95:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 0.995 else f"{value:.2f}"


def _draw_line(axes: Axes, panel: Panel) -> None:
    """Draw the line of fp32, and shade what is below it where anything is."""
    axes.axhline(1, color=INK, linewidth=1.2, zorder=4)
    if panel.up.share(1) < 0.1:
        return
    axes.axhspan(panel.up.low, 1, color=GREY, alpha=0.12, linewidth=0, zorder=0)
    axes.text(
        0.995,
        0.015,
        "slower than fp32",
        transform=axes.transAxes,
        ha="right",
        va="bottom",
        fontsize=_SMALL,
        color=INK,
        zorder=5,
    )


def _draw_legend(axes: Axes, styles: Mapping[int, Look]) -> None:
    from matplotlib.patches import Patch

    axes.legend(
        handles=[Patch(color=one.colour, label=named(bits)) for bits, one in styles.items()],
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=len(styles),
        frameon=False,
        fontsize=TEXT,
        borderaxespad=0.3,
        handlelength=1.2,
        handleheight=0.9,
        columnspacing=1.4,
    )


def picture(rows: Sequence[Row]) -> CanonicalFigure:
    """Return the figure of speed-ups; `rows` have `layer`, `bits` and `speed_up`."""
    found = speed_ups_of(rows)
    styles = looks(bits for one in found.values() for bits in one)
    panel = _panel(found, len(styles))
    wide, height = panel.place.right + _RIGHT, panel.place.high + _ABOVE
    drawing = sheet(wide, height)
    axes = panel.axes(drawing)
    group = panel.across.high / len(found)
    for at, widths in enumerate(found.values()):
        for rank, (bits, style) in enumerate(styles.items()):
            if bits in widths:
                x = group * (at + 0.5) + rank - (len(styles) - 1) / 2
                _draw_bar(axes, round(x, 4), widths[bits], style)
    _draw_line(axes, panel)
    _draw_legend(axes, styles)
    axes.set_xticks([round(group * (at + 0.5), 4) for at in range(len(found))], list(found))
    axes.tick_params(axis="x", length=0)
    set_ticks(axes.yaxis, panel.up, after="\N{MULTIPLICATION SIGN}")
    axes.set_xlabel("layer", fontsize=9)
    axes.set_ylabel("speed-up over fp32 (log scale)", fontsize=9)
    return drawing


def draw_speed_up(
    inputs: Inputs,
    params: SpeedUpParams,  # noqa: ARG001 - the contract of a step
    outputs: Outputs,
    run: Run,  # noqa: ARG001 - the contract of a step
) -> None:
    """Step: draw how much faster than fp32 each width is, layer by layer."""
    outputs.figure("figure", picture(inputs.rows("speed")))
