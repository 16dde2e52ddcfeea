"""Means and curves over seeds."""

import pytest

from reproductions.drawing.curves import Curve
from reproductions.drawing.means import Mean


def test_mean_has_the_sample_deviation_of_its_seeds():
    """The bar of two seeds spans their sample deviation; one seed has none."""
    two, one = Mean.of([90.0, 94.0]), Mean.of([90.0])

    assert (two.value, two.deviation) == (92.0, pytest.approx(8**0.5))
    assert two.ends == (92.0 - two.deviation, 92.0 + two.deviation)
    assert one == Mean(90.0, 0.0)


def test_curve_has_mean_lowest_and_highest_seed_of_each_epoch():
    """Epochs rise in whatever order they come, and each has the values of all its seeds."""
    found = Curve.of({2: [1.0, 2.0, 6.0], 1: [4.0]})

    assert found == Curve([1, 2], [4.0, 3.0], [4.0, 1.0], [4.0, 6.0])
