"""A link between a node and the host, and what is predicted of a way over it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

_BITS = 8
_BITS_PER_MS = 1000  # of one Mbit/s, which is 10^6 bits a second


@dataclass(frozen=True)
class Link:
    """A link, each way.

    Parameters
    ----------
    latency_ms
        Milliseconds until the first bit arrives.
    bandwidth_mbit
        10^6 bits a second.
    """

    latency_ms: Fraction
    bandwidth_mbit: Fraction

    @classmethod
    def of(cls, latency_ms: float, bandwidth_mbit: float) -> Link:
        """Return the link of these numbers, taken in their shortest decimal form."""
        return cls(Fraction(repr(latency_ms)), Fraction(repr(bandwidth_mbit)))

    def time_ms(self, size: Fraction | int) -> Fraction:
        """Return the milliseconds until all of `size` bytes have arrived: L + 8 size / B."""
        return self.latency_ms + _BITS * size / (self.bandwidth_mbit * _BITS_PER_MS)


@dataclass(frozen=True)
class Prediction:
    """The milliseconds of one image, of which `transfer_ms` belong to the links."""

    compute_ms: Fraction
    transfer_ms: Fraction

    @property
    def total_ms(self) -> Fraction:
        """From the host's question until the class scores are there."""
        return self.compute_ms + self.transfer_ms
