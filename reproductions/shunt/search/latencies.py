"""How long the whole network, each of its blocks and each shunt take, as they were measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.devices.record import Record
from harness.devices.statistics import in_unit, summary
from harness.errors import HarnessError
from reproductions.shunt.params.shunt import Shunt
from reproductions.shunt.params.window import Window

WHOLE = "original"
"""The series of the whole network."""


def block_series(block: int) -> str:
    """Return the name of a block's series."""
    return f"block-{block}"


def shunt_series(window: Window, shunt: Shunt) -> str:
    """Return the name of the series of a shunt in the place of a window."""
    return f"shunt-{window}-{shunt}"


@dataclass(frozen=True)
class Latencies:
    """Whole nanoseconds for one image, by the name of the series.

    A block alone and the whole network are measured apart, so the parts need not add up to the
    whole: a choice for a budget of latency is a prediction, and measured again when it is built.
    """

    nanoseconds: Mapping[str, int]

    @classmethod
    def of(cls, record: Record) -> Latencies:
        """Return the medians of the series of `record`."""
        return cls(
            {
                name: round(in_unit(summary(series), "ns").median)
                for name, series in record.series.items()
            }
        )

    @property
    def whole(self) -> int:
        """The time of the whole network."""
        return self._of(WHOLE)

    def blocks(self, window: Window) -> int:
        """Return the sum of the times of the blocks of `window`."""
        return sum(self._of(block_series(block)) for block in window.blocks)

    def shunt(self, window: Window, shunt: Shunt) -> int | None:
        """Return the time of a shunt, or None where it was not measured."""
        return self.nanoseconds.get(shunt_series(window, shunt))

    def _of(self, series: str) -> int:
        if series not in self.nanoseconds:
            raise HarnessError(
                f"the latency of '{series}' was not measured; there are "
                f"{', '.join(sorted(self.nanoseconds)[:20]) or 'no series'}",
                "measure the whole network and every block, or use a budget of multiply-adds",
            )
        return self.nanoseconds[series]
