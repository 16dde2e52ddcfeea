"""Order statistics of samples, exact to the last bit.

Quartiles interpolate linearly between the sorted samples: the quantile q of n samples lies at
position q (n - 1), counted from 0. (Hyndman and Fan 1996, "Sample Quantiles in Statistical
Packages", definition 7.) The median is the quantile 1/2. The arithmetic is rational and is
rounded once, so that the order of the samples and the platform cannot change a bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from harness.conversion import converted
from harness.devices.record import Series

QUARTER = Fraction(1, 4)
HALF = Fraction(1, 2)


@dataclass(frozen=True)
class Summary:
    """The quartiles of one series, in its own unit."""

    unit: str
    lower_quartile: float
    median: float
    upper_quartile: float
    samples: int


def quantile(samples: Sequence[float], share: Fraction) -> float:
    """Return the value below which `share`, in [0, 1], of `samples` lies.

    Raises
    ------
    ValueError
        There is no sample.
    """
    if not samples:
        raise ValueError("no samples")
    ordered = sorted(map(Fraction, samples))
    position = share * (len(ordered) - 1)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return float(ordered[below] + (position - below) * (ordered[above] - ordered[below]))


def summary(series: Series) -> Summary:
    """Return the quartiles of `series`."""
    samples = series.samples
    return Summary(
        unit=series.unit,
        lower_quartile=quantile(samples, QUARTER),
        median=quantile(samples, HALF),
        upper_quartile=quantile(samples, 1 - QUARTER),
        samples=len(samples),
    )


def in_unit(summary: Summary, unit: str) -> Summary:
    """Return `summary` in another unit; ValueError when the two do not compare."""
    return Summary(
        unit=unit,
        lower_quartile=converted(summary.lower_quartile, summary.unit, unit),
        median=converted(summary.median, summary.unit, unit),
        upper_quartile=converted(summary.upper_quartile, summary.unit, unit),
        samples=summary.samples,
    )


def ratio(numerator: float, denominator: float) -> float | None:
    """Return numerator / denominator, or None where the denominator is zero."""
    return numerator / denominator if denominator else None


def inside(old: float, new: float, tolerance: float) -> bool:
    """Say whether `new` differs from `old` by at most the share `tolerance` of `old`.

    The numbers are taken in their shortest decimal form: 45.1 is inside 0.1 of 41, as it is on
    paper.
    """
    before, after, share = (Fraction(repr(value)) for value in (old, new, tolerance))
    return abs(after - before) <= share * abs(before)
