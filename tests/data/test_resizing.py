from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scene_samples import mask, photo

from harness.data.resizing import smaller_image, smaller_mask


def mean(image, rows, columns):
    """Return the exact mean of `image` over an area, whose borders are fractions."""

    def shares(low, high, count):
        return [max(min(high, i + 1) - max(low, i), Fraction(0)) for i in range(count)]

    down, right = shares(*rows, image.shape[0]), shares(*columns, image.shape[1])
    total = sum(
        a * b * int(image[i, j]) for i, a in enumerate(down) for j, b in enumerate(right) if a and b
    )
    return total / ((rows[1] - rows[0]) * (columns[1] - columns[0]))


@settings(max_examples=40)
@given(st.integers(1, 7), st.integers(1, 9), st.data())
def test_each_new_pixel_is_the_rounded_mean_of_its_area(height, width, data):
    """It agrees with the definition in exact fractions, at any size."""
    image = photo(1)[:height, :width]
    rows, columns = data.draw(st.integers(1, height)), data.draw(st.integers(1, width))
    found = smaller_image(image, rows, columns)
    assert found.shape == (rows, columns, 3)
    down, right = Fraction(height, rows), Fraction(width, columns)
    for i in range(rows):
        for j in range(columns):
            area = ((i * down, (i + 1) * down), (j * right, (j + 1) * right))
            exact = mean(image[..., 2], *area)
            assert int(found[i, j, 2]) == (exact + Fraction(1, 2)).__floor__()


def test_halving_is_the_mean_of_four():
    """The simplest case, by another way."""
    image = photo(1)
    four = [image[a::2, b::2].astype(int) for a in (0, 1) for b in (0, 1)]

    np.testing.assert_array_equal(smaller_image(image, 12, 18), (sum(four) + 2) // 4)


def test_the_same_size_changes_nothing():
    """An image and a mask of the wanted size are given back."""
    np.testing.assert_array_equal(smaller_image(photo(1), 24, 36), photo(1))
    np.testing.assert_array_equal(smaller_mask(mask(1), 24, 36), mask(1))


@pytest.mark.parametrize(("height", "width"), [(12, 18), (8, 12), (7, 11), (1, 1), (24, 5)])
def test_a_mask_mixes_no_labels(height, width):
    """Each new pixel is the old one at its centre."""
    found = smaller_mask(mask(1), height, width)
    rows = [int((i + 0.5) * 24 / height) for i in range(height)]
    columns = [int((j + 0.5) * 36 / width) for j in range(width)]

    np.testing.assert_array_equal(found, mask(1)[np.ix_(rows, columns)])


def test_a_large_image_keeps_its_extremes():
    """Sums of a picture of two megapixels do not overflow."""
    image = np.full((1024, 2048, 3), 255, np.uint8)

    assert smaller_image(image, 3, 5).tolist() == [[[255] * 3] * 5] * 3
