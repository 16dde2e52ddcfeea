"""Conversion between units."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.conversion import converted, factor


@pytest.mark.parametrize(
    ("unit", "to", "expected"),
    [
        ("byte", "megabyte", Fraction(1, 10**6)),
        ("megabyte", "byte", Fraction(10**6)),
        ("second", "hour", Fraction(1, 3600)),
        ("percent", "x", Fraction(1, 100)),
    ],
)
def test_factor_is_exact(unit, to, expected):
    """The factor between two units is a fraction, in both directions."""
    assert factor(unit, to) == expected


def test_factor_needs_a_common_zero():
    """Degrees on two scales differ by more than a factor, and are not compared."""
    with pytest.raises(ValueError, match="differ by more than a factor"):
        factor("degC", "kelvin")


@given(st.integers(0, 10**12))
def test_nanoseconds_are_exact(nanoseconds):
    """A whole number of nanoseconds reads the same in milliseconds, with the point moved."""
    assert converted(nanoseconds, "ns", "ms") == float(f"{nanoseconds}e-6")


def test_another_kind_of_unit():
    """Times and energies do not compare."""
    with pytest.raises(ValueError, match="cannot be compared"):
        converted(1, "ms", "joule")
