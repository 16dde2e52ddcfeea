"""Axes whose places are known before anything is drawn."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reproductions.drawing.labels import Box
from reproductions.drawing.panel import Panel, Scale


@settings(max_examples=80)
@given(st.floats(1e-6, 1e6), st.floats(1.01, 1e6), st.floats(0, 1), st.booleans())
def test_places_and_values_of_a_scale_are_inverse(low, factor, share, logarithmic):
    """The value so far along an axis lies exactly so far along it."""
    scale = Scale(low, low * factor, logarithmic)

    assert scale.share(scale.value(share)) == pytest.approx(share, abs=1e-6)


def test_panel_tells_where_a_mark_is():
    """The place that is computed before drawing is the one where matplotlib draws."""
    from harness.formats import figure

    drawing = figure.new(4, 3)
    drawing.set_layout_engine("none")
    panel = Panel(Box(40, 30, 240, 180), Scale(50, 1200, logarithmic=True), Scale(80, 100))
    axes = panel.axes(drawing)

    pixels = axes.transData.transform((231, 97)) * 72 / drawing.dpi

    assert tuple(pixels - (40, 30)) == pytest.approx(panel.at(231, 97), abs=0.01)
