"""The toy's figure."""

from harness.formats import figure
from reproductions.toy.params import Nothing


def draw_dots(inputs, params: Nothing, outputs, run) -> None:
    """Draw one dot a row."""
    drawing = figure.new(2, 2)
    axes = drawing.add_subplot()
    axes.plot([row["total"] for row in inputs.rows("rows")], "o")
    outputs.figure("figure", drawing)
