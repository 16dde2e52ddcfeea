"""What the axes of several figures have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reproductions.drawing.labels import Box, Size
from reproductions.drawing.palette import GREY

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from harness.formats.figure import CanonicalFigure

POINTS = 72  # in an inch


def sheet(wide: float, height: float) -> CanonicalFigure:
    """Return an empty figure of so many points, in which every place is computed."""
    from harness.formats import figure

    drawing = figure.new(round(wide / POINTS, 3), round(height / POINTS, 3))
    drawing.set_layout_engine("none")
    return drawing


def fixed(drawing: CanonicalFigure, place: Box) -> Axes:
    """Return axes at `place`, in points from the lower left corner of the figure.

    Where axes stand by hand, the places of marks are known before anything is drawn.
    """
    width, height = (POINTS * side for side in drawing.get_size_inches().tolist())
    across, up = (place.right - place.left) / width, (place.high - place.low) / height
    return drawing.add_axes((place.left / width, place.low / height, across, up))


def tidy(axes: Axes) -> None:
    """Leave the axes two spines and faint horizontal lines."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=GREY, alpha=0.2, linewidth=0.6)
    axes.set_axisbelow(True)


def size_of(text: str, points: float) -> Size:
    """Return width and height of one line of `text` in points, by the bundled font's outlines."""
    from matplotlib.textpath import TextPath

    return round(float(TextPath((0, 0), text, size=points).get_extents().width), 2), 1.2 * points
