"""How hard each width pulls at the shared weights: gradient norms over the epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from harness.errors import HarnessError
from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.drawing.axes import sheet
from reproductions.drawing.curves import Curve, draw_curve
from reproductions.drawing.labels import Box
from reproductions.drawing.palette import Look
from reproductions.drawing.panel import Panel, Scale
from reproductions.ensemble_kd.drawing import ends
from reproductions.ensemble_kd.drawing.columns import number, text, whole
from reproductions.ensemble_kd.drawing.scores import selected
from reproductions.ensemble_kd.drawing.ticks import set_ticks
from reproductions.ensemble_kd.drawing.widths import looks, named
from reproductions.ensemble_kd.params.drawing import GradientsParams, System

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from harness.formats.figure import CanonicalFigure

# Points: what is free around all panels, and between rows of them; the size of one.
_LEFT, _ABOVE, _BELOW, _BETWEEN = 58.0, 22.0, 36.0, 52.0
_WIDE, _HIGH = 130.0, 170.0
_COLUMNS = 3  # panels side by side
_THICK = 1.4  # points: a line

Curves = dict[int, Curve]
"""The curve of each width, by rising width."""


def curves_of(rows: Sequence[Row]) -> dict[str, Curves]:
    """Return the curves of each system of `rows`, which have one for each seed, epoch and width.

    Raises
    ------
    HarnessError
        There is no norm above 0 to draw, or one is below.
    """
    found: dict[str, dict[int, dict[int, list[float]]]] = {}
    for row in rows:
        norm = number(row, "norm")
        if norm < 0:
            raise HarnessError(f"a norm is {norm:g}", "give norms of gradients: 0 or more")
        widths = found.setdefault(text(row, "system"), {})
        epochs = widths.setdefault(whole(row, "bits"), {})
        epochs.setdefault(whole(row, "epoch"), []).append(norm)
    if not any(row["norm"] for row in rows):
        raise HarnessError(
            f"the picture of gradients has {len(rows)} rows, and none with a norm above 0",
            "give the rows of gradients of a trained ensemble",
        )
    return {
        system: {bits: Curve.of(epochs) for bits, epochs in sorted(widths.items())}
        for system, widths in found.items()
    }


def _panels(systems: Sequence[Curves]) -> list[Panel]:
    """Return a panel for each system, row by row from the top, all with the same two scales."""
    curves = [curve for one in systems for curve in one.values()]
    epochs = [epoch for curve in curves for epoch in curve.epochs]
    norms = [norm for curve in curves for norm in (*curve.low, *curve.high) if norm > 0]
    across, up = Scale.around(epochs, 0.03, 0.03), Scale.about(norms, 0.06, 0.06)
    names = [named(bits) for one in systems for bits in one]
    column, row = _WIDE + ends.room(names) + 6, _HIGH + _BETWEEN
    rows = -(-len(systems) // _COLUMNS)
    found = []
    for at in range(len(systems)):
        left = _LEFT + column * (at % _COLUMNS)
        low = _BELOW + row * (rows - 1 - at // _COLUMNS)
        found.append(Panel(Box(left, low, left + _WIDE, low + _HIGH), across, up))
    return found


def _raised(curve: Curve, lowest: float) -> Curve:
    """Return the curve with all that is below `lowest`, as 0 is, on the edge of the axis."""
    mean, low, high = (
        [max(norm, lowest) for norm in norms] for norms in (curve.mean, curve.low, curve.high)
    )
    return Curve(curve.epochs, mean, low, high)


def _draw_system(axes: Axes, panel: Panel, curves: Curves, styles: Mapping[int, Look]) -> None:
    from matplotlib.ticker import MaxNLocator

    raised = {bits: _raised(one, panel.up.low) for bits, one in curves.items()}
    for bits, one in raised.items():
        draw_curve(axes, one, styles[bits], _THICK)
    names = [
        ends.End(named(bits), styles[bits], (one.epochs[-1], one.mean[-1]))
        for bits, one in raised.items()
    ]
    ends.write_ends(axes, panel, names)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    set_ticks(axes.yaxis, panel.up)
    axes.set_xlabel("epoch", fontsize=9)


def picture(rows: Sequence[Row], shown: Sequence[System]) -> CanonicalFigure:
    """Return the figure of gradient norms, a panel for each system of `shown`, or for all."""
    found = curves_of(rows)
    systems = selected(list(found), shown)
    curves = [found[one.name] for one in systems]
    styles = looks(bits for one in curves for bits in one)
    panels = _panels(curves)
    room = ends.room([named(bits) for bits in styles])
    wide = max(panel.place.right for panel in panels) + room
    height = panels[0].place.high + _ABOVE
    drawing = sheet(wide, height)
    for one, panel, own in zip(systems, panels, curves, strict=True):
        axes = panel.axes(drawing)
        _draw_system(axes, panel, own, styles)
        axes.set_title(one.label, fontsize=9, loc="left")
        if panel.place.left == _LEFT:
            axes.set_ylabel("gradient norm (log scale)", fontsize=9)
        else:
            axes.tick_params(axis="y", labelleft=False)
    return drawing


def draw_gradients(
    inputs: Inputs,
    params: GradientsParams,
    outputs: Outputs,
    run: Run,  # noqa: ARG001 - the contract of a step
) -> None:
    """Step: draw the gradient norm of each width on the shared weights, for every input."""
    rows = [row for name in inputs.names() for row in inputs.rows(name)]
    outputs.figure("figure", picture(rows, params.systems))
