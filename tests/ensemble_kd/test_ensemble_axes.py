"""How widths look in every figure of the ensembles, and the ticks of logarithmic axes."""

from ensemble_drawing_samples import WIDTHS
from hypothesis import given, settings
from hypothesis import strategies as st

from reproductions.drawing.panel import Scale
from reproductions.ensemble_kd.drawing.ticks import ticks
from reproductions.ensemble_kd.drawing.widths import looks


def test_a_width_looks_the_same_with_and_without_32_bits():
    """The widths below 32 have their looks whether 32 bits are there or not."""
    with_full, without = looks(WIDTHS), looks(WIDTHS[1:])

    assert {bits: with_full[bits] for bits in without} == without
    assert len(set(with_full.values())) == len(WIDTHS)


@settings(max_examples=60)
@given(st.floats(1e-5, 1e6), st.floats(3, 1e6))
def test_logarithmic_axes_have_some_ticks_and_not_many(low, factor):
    """An axis over a factor of three or more has 1 to 9 ticks, all within it."""
    scale = Scale(low, low * factor, logarithmic=True)

    found = ticks(scale)

    assert 1 <= len(found) <= 9
    assert all(scale.low <= tick <= scale.high for tick in found)
