"""Converting between units without the rounding of binary numbers."""

from __future__ import annotations

from fractions import Fraction

from harness.spec.unit import convert


def factor(unit: str, to: str) -> Fraction:
    """Return what a value in `unit` is multiplied by to be in `to`, or divided by its inverse.

    The larger of the two factors is read to 15 significant digits. That is exact where units
    are defined by a short decimal, and frees it of what floating-point division has added.

    Raises
    ------
    ValueError
        The units do not compare, or differ by more than a factor.
    """
    if unit == to:
        return Fraction(1)
    if convert(0.0, unit, to):
        raise ValueError(f"'{unit}' and '{to}' differ by more than a factor")
    forth, back = (convert(1.0, *pair) for pair in ((unit, to), (to, unit)))
    return _read(forth) if forth >= 1 else 1 / _read(back)


def converted(value: float, unit: str, to: str) -> float:
    """Return `value` in `to`, rounded once: 1500 ns are 0.0015 ms and not 0.0015000000000000002.

    Raises
    ------
    ValueError
        As `factor`.
    """
    return float(Fraction(repr(value)) * factor(unit, to))


def _read(number: float) -> Fraction:
    return Fraction(f"{number:.15g}")
