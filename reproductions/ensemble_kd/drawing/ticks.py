"""Marks of logarithmic axes: 1, 2 and 5 of every decade, written without exponents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reproductions.drawing.panel import Scale

if TYPE_CHECKING:
    from matplotlib.axis import Axis

_MOST = 9  # marks along one axis; where there would be more, powers of ten are left alone


def ticks(scale: Scale) -> list[float]:
    """Return the marks of a logarithmic scale, rising."""
    every = [step * 10.0**power for power in range(-12, 13) for step in (1, 2, 5)]
    found = [tick for tick in every if scale.low <= tick <= scale.high]
    if len(found) <= _MOST:
        return found
    return [tick for tick in found if f"{tick:e}".startswith("1.0")]


def set_ticks(axis: Axis, scale: Scale, unit: float = 1.0, after: str = "") -> None:
    """Mark a logarithmic `axis` of `scale` in multiples of `unit`, and write `after` each."""
    from matplotlib.ticker import FixedLocator, FuncFormatter

    axis.set_major_locator(FixedLocator(ticks(scale)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / unit:g}{after}"))
