"""Means over seeds with their spread."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from statistics import fmean, stdev


@dataclass(frozen=True)
class Mean:
    """A mean over seeds, and their sample standard deviation: 0 where there is one seed."""

    value: float
    deviation: float

    @classmethod
    def of(cls, values: Collection[float]) -> Mean:
        """Return the mean of `values`, one of each seed."""
        return cls(fmean(values), stdev(values) if len(values) > 1 else 0.0)

    @property
    def ends(self) -> tuple[float, float]:
        """Where the bar of the deviation begins and ends."""
        return self.value - self.deviation, self.value + self.deviation
