from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from dataset_samples import pixels
from hypothesis import given
from hypothesis import strategies as st

from harness.data.statistics import moments


@given(st.integers(1, 40), st.integers(1, 4), st.sampled_from([16, 255]))
def test_moments_are_those_of_exact_arithmetic(count, channels, maximum):
    """Mean and deviation are the exact ones to six digits, by channel."""
    images = pixels(count, channels)
    means, deviations = moments(images, maximum)
    for channel in range(channels):
        values = [Fraction(int(value), maximum) for value in images[..., channel].ravel()]
        mean = sum(values) / len(values)
        variance = sum((value - mean) ** 2 for value in values) / len(values)

        assert means[channel] == round(float(mean), 6)
        assert deviations[channel] == pytest.approx(float(variance) ** 0.5, abs=5.1e-7)


def test_moments_do_not_depend_on_how_the_images_are_read():
    """More images than are counted at once give the same as NumPy in double precision."""
    images = pixels(9000, 3)
    means, deviations = moments(images, 255)
    scaled = images.astype(np.float64) / 255

    np.testing.assert_allclose(means, scaled.mean(axis=(0, 1, 2)), atol=1e-6)
    np.testing.assert_allclose(deviations, scaled.std(axis=(0, 1, 2)), atol=1e-6)


def test_equal_pixels_have_no_deviation():
    """The difference of two large equal numbers is zero, and not a rounding error."""
    assert moments(np.full((5, 2, 3, 1), 16, dtype=np.uint8), 16) == ([1.0], [0.0])
