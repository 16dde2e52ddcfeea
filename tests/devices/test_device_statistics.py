"""Order statistics."""

import statistics as stdlib
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.devices.record import Series
from harness.devices.statistics import HALF, QUARTER, in_unit, inside, quantile, ratio, summary

SAMPLES = st.lists(st.floats(0, 1e9), min_size=1, max_size=40)


def test_known_quartiles():
    """Four samples have the quartiles that definition 7 gives by hand."""
    samples = (1, 2, 3, 10)

    assert quantile(samples, QUARTER) == 1.75
    assert quantile(samples, HALF) == 2.5
    assert quantile(samples, 1 - QUARTER) == 4.75


@given(SAMPLES)
def test_median_is_the_standard_one(samples):
    """The median is within one rounding of that of the standard library."""
    assert quantile(samples, HALF) == pytest.approx(stdlib.median(samples), rel=1e-15)


@given(SAMPLES, st.randoms(use_true_random=False))
def test_order_of_samples_does_not_matter(samples, random):
    """Shuffled samples have the same quartiles to the last bit."""
    shuffled = list(samples)
    random.shuffle(shuffled)

    assert quantile(samples, QUARTER) == quantile(shuffled, QUARTER)


@given(SAMPLES)
def test_quartiles_are_ordered(samples):
    """Quartiles rise, and lie between the least and the greatest sample."""
    lower, middle, upper = (quantile(samples, Fraction(part, 4)) for part in (1, 2, 3))

    assert min(samples) <= lower <= middle <= upper <= max(samples)


def test_no_samples():
    """Nothing has no median."""
    with pytest.raises(ValueError, match="no samples"):
        quantile((), HALF)


def test_summary_in_another_unit():
    """A summary is converted as a whole."""
    one = in_unit(summary(Series(unit="second", samples=(1, 2, 3))), "ms")

    assert (one.unit, one.lower_quartile, one.median, one.upper_quartile, one.samples) == (
        ("ms", 1500.0, 2000.0, 2500.0, 3)
    )


@pytest.mark.parametrize(
    ("new", "expected"), [(110, True), (90, True), (110.00001, False), (89.9, False), (100, True)]
)
def test_tolerance_holds_at_its_edge(new, expected):
    """A difference of exactly the tolerance is inside, the next one is not."""
    assert inside(100, new, 0.1) is expected


def test_no_ratio_to_nothing():
    """A ratio to zero is none."""
    assert ratio(1, 0) is None
    assert ratio(3, 2) == 1.5
