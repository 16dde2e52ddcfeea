"""Quantities by epoch, with the spread of their seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from reproductions.drawing.palette import Look

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Curve:
    """A quantity by epoch: its mean over seeds, and the lowest and highest seed."""

    epochs: list[int]
    mean: list[float]
    low: list[float]
    high: list[float]

    @classmethod
    def of(cls, values: Mapping[int, Sequence[float]]) -> Curve:
        """Return the curve of the `values` of all seeds by epoch."""
        epochs = sorted(values)
        seeds = [values[epoch] for epoch in epochs]
        return cls(epochs, [*map(fmean, seeds)], [*map(min, seeds)], [*map(max, seeds)])


def draw_curve(axes: Axes, curve: Curve, style: Look, thick: float) -> None:
    """Draw a curve with some marks along it, over the band from its lowest to its highest seed."""
    axes.fill_between(
        curve.epochs, curve.low, curve.high, color=style.colour, alpha=0.18, linewidth=0
    )
    axes.plot(
        curve.epochs,
        curve.mean,
        color=style.colour,
        linestyle=style.dashes,
        linewidth=thick,
        marker=style.marker,
        markersize=4.5,
        markeredgecolor="white",
        markeredgewidth=0.5,
        markevery=max(1, len(curve.epochs) // 6),
    )
