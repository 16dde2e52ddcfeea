"""The quantisers' NumPy references, and narrow codes out of wide ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from harness.errors import HarnessError
from reproductions.ensemble_kd.quantisation.codes import (
    activation_codes,
    activation_values,
    largest_code,
    round_half_away,
    signs,
    weight_codes,
    weight_levels,
    weight_shares,
    weight_values,
)
from reproductions.ensemble_kd.quantisation.nested import derive, exceptions, truncate

WEIGHTS = np.array([-0.8, -0.3, 0, 0.1, 0.5, 1.2], np.float32)
BYTES = np.arange(256, dtype=np.uint8)

TENSORS = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=1, max_dims=4, max_side=6),
    elements=st.floats(-100, 100, width=32)
    | st.floats(-1, 1, width=32)
    | st.floats(-(2.0**-50), 2.0**-50, width=32),
)


@pytest.mark.parametrize(
    ("bits", "expected"),
    [
        (1, [0, 0, 1, 1, 1, 1]),
        (2, [0, 1, 2, 2, 2, 3]),
        (4, [2, 5, 8, 8, 12, 15]),
        (8, [26, 83, 128, 143, 198, 255]),
    ],
)
def test_weights_have_the_published_codes(bits, expected):
    """DoReFa, and the sign for one bit, give the codes that follow from the formulas."""
    assert weight_codes(WEIGHTS, bits).tolist() == expected


def test_quantised_weights_lie_between_minus_one_and_one():
    """The codes of two bits stand for four levels from -1 to 1, none of them 0."""
    codes = np.arange(4, dtype=np.uint8)

    assert weight_levels(codes, 2).tolist() == [-3, -1, 1, 3]
    assert weight_values(codes, 2) == pytest.approx([-1, -1 / 3, 1 / 3, 1])
    assert weight_values(codes, 2).dtype == np.float32


@pytest.mark.parametrize(
    ("bits", "expected"),
    [(1, [0, 0, 0, 0, 1, 1, 1, 1]), (2, [0, 0, 0, 1, 2, 2, 3, 3])],
)
def test_activations_have_the_published_codes(bits, expected):
    """`round` cuts to 0 to 1 and rounds halves up: at one bit a half becomes 1."""
    values = np.array([-0.2, 0, 0.1, 0.4, 0.5, 0.77, 1, 1.2], np.float32)

    assert activation_codes(values, bits).tolist() == expected


def test_activations_come_back_as_shares():
    """The codes of eight bits stand for 0 to 1."""
    assert activation_values(np.array([0, 51, 255], np.uint8), 8) == pytest.approx([0, 0.2, 1])


def test_halves_are_rounded_away_from_zero():
    """Halves go away from zero, and the float just below a half goes to zero."""
    values = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, np.nextafter(np.float32(0.5), 0)])

    assert round_half_away(values.astype(np.float32)).tolist() == [-3, -2, -1, 1, 2, 3, 0]


@given(hnp.arrays(np.float32, 20, elements=st.floats(-300, 300, width=32)))
def test_rounding_moves_by_half_at_most(values):
    """A rounded number is whole, of the same type, and not more than a half away."""
    rounded = round_half_away(values)

    assert rounded.dtype == np.float32
    assert np.array_equal(rounded, np.trunc(rounded))
    assert np.all(np.abs(rounded.astype(np.float64) - values) <= 0.5)


def test_zeros_of_both_signs_are_positive():
    """Zero and minus zero have the sign +1, as a weight and as an activation."""
    zeros = np.array([0.0, -0.0], np.float32)

    assert signs(zeros).tolist() == [1, 1]
    assert weight_codes(zeros, 1).tolist() == [1, 1]


def test_a_tensor_of_zeros_has_codes():
    """Where all weights are zero the codes are those of the middle."""
    assert weight_codes(np.zeros(3, np.float32), 8).tolist() == [128] * 3
    assert weight_codes(np.zeros(0, np.float32), 8).shape == (0,)


@given(TENSORS, st.integers(2, 8))
def test_the_largest_weight_has_an_outermost_code(weights, bits):
    """Codes stay within their bits, and the largest weight gets the outermost code."""
    codes = weight_codes(weights, bits)
    largest = np.abs(weights) == np.max(np.abs(weights))

    assert codes.max() <= largest_code(bits)
    if np.any(weights):
        assert set(codes[largest].tolist()) <= {0, largest_code(bits)}


@pytest.mark.parametrize("bits", [8, 4, 2, 1])
def test_narrow_codes_are_those_of_the_nearest_level(bits):
    """Each of the 256 codes gives the narrow code whose share is nearest to its own."""
    nearest = round_half_away(BYTES / 255 * largest_code(bits)).astype(np.uint8)

    assert np.array_equal(derive(BYTES, bits), nearest)


@pytest.mark.parametrize(("bits", "half", "step"), [(4, 8, 17), (2, 42, 85), (1, 127, 255)])
def test_narrow_codes_follow_the_published_rule(bits, half, step):
    """The rules (c + 8) // 17, (c + 42) // 85 and c >= 128 hold for all 256 codes."""
    assert derive(BYTES, bits).tolist() == [(code + half) // step for code in range(256)]
    if bits == 1:
        assert derive(BYTES, 1).tolist() == [int(code >= 128) for code in range(256)]


@pytest.mark.parametrize(("bits", "wrong"), [(4, True), (2, True), (1, False)])
def test_truncation_is_not_the_same(bits, wrong):
    """The leading bits are other codes, but for one bit."""
    assert bool(np.any(truncate(BYTES, bits) != derive(BYTES, bits))) is wrong


@given(TENSORS, st.sampled_from([4, 2, 1]))
def test_narrow_codes_are_exact_but_for_lost_signs(weights, bits):
    """Narrow codes are those of the float weights, but for signs that float64 cannot hold."""
    derived = derive(weight_codes(weights, 8), bits)
    direct = weight_codes(weights, bits)
    lost = (weights < 0) & (weight_shares(weights) == 0.5) & (bits == 1)

    assert exceptions(weights, bits).tolist() == np.flatnonzero(lost).tolist()
    assert np.array_equal(derived[~lost], direct[~lost])


def test_a_tiny_negative_weight_is_an_exception():
    """The place of a negative weight whose sign the 8-bit code has lost is found."""
    weights = np.array([[1.0, -1e-18], [-1e-3, -1e-7]], np.float32)

    assert exceptions(weights, 1).tolist() == [1]
    assert exceptions(weights, 4).tolist() == exceptions(weights, 2).tolist() == []


def test_many_usual_weights_have_no_exception():
    """Of 200,000 normal weights, zeros among them, no narrow code differs."""
    weights = np.random.Generator(np.random.PCG64(6)).standard_normal(200_000).astype(np.float32)
    weights[:2] = [0.0, -0.0]

    assert [exceptions(weights, bits).size for bits in (4, 2, 1)] == [0, 0, 0]


@pytest.mark.parametrize("bits", [3, 5, 6, 7, 32])
def test_other_widths_do_not_follow(bits):
    """A width that the 8-bit codes cannot give exactly is refused."""
    with pytest.raises(HarnessError, match=f"codes of {bits} bits do not follow"):
        derive(BYTES, bits)
