"""Axes whose place and limits are known before anything is drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reproductions.drawing.axes import fixed, tidy
from reproductions.drawing.labels import Box
from reproductions.drawing.layout import Point
from reproductions.drawing.marks import TEXT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from harness.formats.figure import CanonicalFigure


@dataclass(frozen=True)
class Scale:
    """The values at the two ends of an axis, which is linear or logarithmic."""

    low: float
    high: float
    logarithmic: bool = False

    @classmethod
    def around(cls, values: Sequence[float], below: float, above: float) -> Scale:
        """Return a linear scale that leaves shares of the range of `values` free at its ends."""
        space = max(values) - min(values) or 1.0
        return cls(min(values) - below * space, max(values) + above * space)

    @classmethod
    def about(cls, values: Sequence[float], below: float, above: float) -> Scale:
        """Return a logarithmic scale that leaves shares of the range of `values` free."""
        space = math.log(max(values) / min(values)) or 1.0
        low, high = min(values) * math.exp(-below * space), max(values) * math.exp(above * space)
        return cls(float(f"{low:.6g}"), float(f"{high:.6g}"), logarithmic=True)

    def share(self, value: float) -> float:
        """Return how far along the axis `value` lies: 0 at its begin, 1 at its end."""
        if self.logarithmic:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def value(self, share: float) -> float:
        """Return the value that lies so far along the axis."""
        if self.logarithmic:
            return self.low * math.exp(share * math.log(self.high / self.low))
        return self.low + share * (self.high - self.low)


@dataclass(frozen=True)
class Panel:
    """Axes at a `place` of the figure, in points from its lower left corner."""

    place: Box
    across: Scale
    up: Scale

    @property
    def width(self) -> float:
        """Points."""
        return self.place.right - self.place.left

    @property
    def height(self) -> float:
        """Points."""
        return self.place.high - self.place.low

    @property
    def frame(self) -> Box:
        """Where labels may stand, in points from the panel's lower left."""
        return Box(2, 2, self.width, self.height)

    def at(self, x: float, y: float) -> Point:
        """Return where a point lies, in points from the panel's lower left."""
        # Logarithms may differ in the last bit from one machine to another; places do not.
        return round(self.width * self.across.share(x), 2), round(self.height * self.up.share(y), 2)

    def beside(self, x: float, points: float) -> float:
        """Return the value so many `points` to the right of `x`."""
        return float(f"{self.across.value(self.across.share(x) + points / self.width):.6g}")

    def along(self, one: Point, other: Point) -> list[Box]:
        """Return small boxes along a straight line between two points of the axes."""
        (x, y), (right, up) = self.at(*one), self.at(*other)
        steps = max(1, round(max(abs(right - x), abs(up - y)) / 6))
        centres = [
            (x + (right - x) * step / steps, y + (up - y) * step / steps)
            for step in range(steps + 1)
        ]
        return [Box(a - 2, b - 2, a + 2, b + 2) for a, b in centres]

    def axes(self, drawing: CanonicalFigure) -> Axes:
        """Return the panel's axes in `drawing`."""
        from matplotlib.ticker import NullLocator

        axes = fixed(drawing, self.place)
        if self.across.logarithmic:
            axes.set_xscale("log")
            axes.xaxis.set_minor_locator(NullLocator())
        if self.up.logarithmic:
            axes.set_yscale("log")
            axes.yaxis.set_minor_locator(NullLocator())
        axes.set_xlim(self.across.low, self.across.high)
        axes.set_ylim(self.up.low, self.up.high)
        axes.tick_params(labelsize=TEXT)
        tidy(axes)
        return axes
