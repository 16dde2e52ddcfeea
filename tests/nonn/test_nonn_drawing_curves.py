"""The curves of training."""

import pytest

from harness.errors import HarnessError
from reproductions.nonn.drawing import curves


def test_curves_show_mean_and_range_of_the_seeds():
    """A curve has the mean of its seeds and reaches from the lowest to the highest."""
    found = [{"epoch": epoch, "loss": value} for epoch, value in ((2, 1.0), (1, 4.0), (2, 3.0))]

    curve = curves.curve_of(found, "loss")

    assert (curve.epochs, curve.mean) == ([1, 2], [4.0, 2.0])
    assert (curve.low, curve.high) == ([4.0, 1.0], [4.0, 3.0])


def test_names_are_shortened_to_what_differs():
    """Words that all curves of a stage share are left out of their labels."""
    assert curves.short_names(["wrn10-1 N=2 random", "wrn10-1 N=4 random"]) == ["N=2", "N=4"]
    assert curves.short_names(["wrn16-4"]) == ["wrn16-4"]


def test_curves_need_a_history():
    """A stage without rows gives an error and no empty picture."""
    with pytest.raises(HarnessError, match="history of at least one stage"):
        curves.picture({"teacher": []})
