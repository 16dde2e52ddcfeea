"""Layers in full precision are those of plain sums."""

import numpy as np
import pytest
from ensemble_reference import convolve, halved, pooled
from hypothesis import given
from hypothesis import strategies as st

from reproductions.ensemble_kd.serving import kernel
from reproductions.ensemble_kd.serving.floating import FloatConvolution, pool_maximum, pool_mean


def maps(*shape):
    """Return a drawn map."""
    return np.random.Generator(np.random.PCG64(3)).standard_normal(shape, np.float32)


@given(
    st.sampled_from((1, 3, 7)), st.integers(1, 2), st.sampled_from((1, 2, 4)),
    st.integers(1, 5), st.integers(1, 12), st.sampled_from((0.0, -1.0)),
)  # fmt: skip
@pytest.mark.parametrize("backend", kernel.backends())
def test_convolution_is_plain_sums(backend, size, stride, groups, inputs, outputs, border):
    """Every backend convolves as plain sums do, for any kernel, stride, groups and border."""
    x = maps(2, 9, 8, inputs * groups)
    weights = maps(outputs * groups, inputs, size, size)
    scale, shift = maps(2, outputs * groups)
    wanted = convolve(x, weights, stride, size // 2, groups, border)
    made = FloatConvolution(weights, stride, size // 2, groups, border, backend)
    added = maps(*wanted.shape)

    assert np.allclose(made(x), wanted, atol=1e-4)
    assert np.allclose(made(x, scale, shift, added), wanted * scale + shift + added, atol=1e-4)


@pytest.mark.parametrize("backend", kernel.backends())
def test_large_maps_are_convolved_in_blocks(backend):
    """A map whose columns exceed a block comes out as the sum of its parts."""
    x, weights = maps(1, 40, 40, 32), maps(40, 32, 3, 3)

    found = FloatConvolution(weights, 1, 1, backend=backend)(x)

    assert np.allclose(found, convolve(x, weights, 1, 1), atol=1e-3)


@pytest.mark.parametrize("size", [(8, 8), (6, 2)])
def test_means_are_of_four_pixels(size):
    """A map is halved by the means of its 2x2 pixels."""
    x = maps(2, *size, 3)

    assert np.allclose(pool_mean(x), halved(x), atol=1e-6)


@pytest.mark.parametrize("size", [(8, 8), (7, 5), (1, 2)])
def test_maxima_are_of_what_is_there(size):
    """Maxima at the ends of maps are those of the pixels that are there."""
    x = maps(2, *size, 3)

    assert np.array_equal(pool_maximum(x), pooled(x))
