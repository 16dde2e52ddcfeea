"""Mean and deviation of a few numbers, exact until the last rounding."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context
from fractions import Fraction

# Twice the digits of a double: the square root is then rounded once, in effect.
_WIDE = Context(prec=40)


def mean(values: Sequence[int | float]) -> float:
    """Return the arithmetic mean, each value taken in its shortest decimal form."""
    return float(_mean(values))


def sample_deviation(values: Sequence[int | float]) -> float | None:
    """Return the sample standard deviation (n - 1), or None for a single value."""
    if len(values) < 2:
        return None
    centre = _mean(values)
    variance = sum((_exact(value) - centre) ** 2 for value in values) / (len(values) - 1)
    numerator, denominator = variance.as_integer_ratio()
    return float(_WIDE.sqrt(_WIDE.divide(_WIDE.create_decimal(numerator), denominator)))


def _mean(values: Sequence[int | float]) -> Fraction:
    return sum(map(_exact, values), Fraction(0)) / len(values)


def _exact(value: float) -> Fraction:
    return Fraction(repr(value))
