"""Converting between units without a rounding that nobody asked for."""

from __future__ import annotations

from fractions import Fraction

from harness.spec.unit import convert


def factor(unit: str, to: str) -> Fraction:
    """Return what a value in `unit` is multiplied by to be in `to`, exactly.

    Raises
    ------
    ValueError
        The units do not compare, or differ by more than a factor.
    """
    if unit == to:
        return Fraction(1)
    if convert(0.0, unit, to) != 0:
        raise ValueError(f"'{unit}' and '{to}' differ by more than a factor")
    up = convert(1.0, unit, to)
    # The larger of the two factors is a short decimal where the smaller one may be periodic.
    return Fraction(repr(up)) if up >= 1 else 1 / Fraction(repr(convert(1.0, to, unit)))


def converted(value: float, unit: str, to: str) -> float:
    """Return `value` in `to`, rounded once: 1500 ns are 0.0015 ms and not 0.0015000000000000002.

    Raises
    ------
    ValueError
        As `factor`.
    """
    return float(Fraction(repr(value)) * factor(unit, to))
