"""Which shunt can stand in which window's place, and what the network gets cheaper by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.errors import HarnessError
from reproductions.shunt.architecture import Architecture
from reproductions.shunt.architecture.shunt import describe_shunt, site_of
from reproductions.shunt.params.search import Metric
from reproductions.shunt.params.shunt import Shunt
from reproductions.shunt.params.window import Window, windows_of
from reproductions.shunt.search.candidate import Candidate
from reproductions.shunt.search.latencies import Latencies
from reproductions.shunt.search.losses import Losses

INNER_MAP = "inner map read elsewhere"
NO_SHUNT = "no such shunt fits"
DEARER = "shunt costs more"
NO_TIME = "latency not measured"
OFFERED = "offered"

UNITS: Mapping[Metric, str] = {
    "macs": "multiply-adds",
    "parameters": "parameters",
    "latency": "ns",
}


@dataclass(frozen=True)
class Offer:
    """A shunt in the place of a window: what the network saves, which may be less than nothing."""

    window: Window
    shunt: Shunt
    macs: int
    parameters: int

    def saving(self, metric: Metric, latencies: Latencies | None) -> int | None:
        """Return the saving in `metric`; None where the latency of the shunt was not measured."""
        if metric != "latency":
            return self.macs if metric == "macs" else self.parameters
        assert latencies is not None
        shunt = latencies.shunt(self.window, self.shunt)
        return None if shunt is None else latencies.blocks(self.window) - shunt


@dataclass(frozen=True)
class Offers:
    """Every shunt that can be built, and the reasons of the others."""

    found: tuple[Offer, ...]
    refused: Mapping[str, int]


def offers_of(network: Architecture, shunts: Sequence[Shunt]) -> Offers:
    """Return each of `shunts` in each window of `network` where it can be built."""
    found: list[Offer] = []
    refused: Counter[str] = Counter()
    for window in windows_of(len(network.blocks)):
        try:
            site_of(network, window)
        except HarnessError:
            refused[INNER_MAP] += len(shunts)
            continue
        for shunt in shunts:
            try:
                found.append(offer(network, window, shunt))
            except HarnessError:
                refused[NO_SHUNT] += 1
    return Offers(tuple(found), refused)


def offer(network: Architecture, window: Window, shunt: Shunt) -> Offer:
    """Return what `network` saves with `shunt` in the place of `window`.

    Raises
    ------
    HarnessError
        The shunt cannot stand there.
    """
    within = network.blocks[window.first : window.last + 1]
    built = describe_shunt(site_of(network, window), shunt)
    return Offer(
        window,
        shunt,
        sum(block.macs for block in within) - built.macs,
        sum(block.parameters for block in within) - built.parameters,
    )


def whole(network: Architecture, metric: Metric, latencies: Latencies | None) -> int:
    """Return what the whole of `network` costs in `metric`."""
    if metric != "latency":
        return network.macs if metric == "macs" else network.parameters
    if latencies is None:
        raise HarnessError(
            "a budget of latency needs measured latencies",
            "give the stage an input 'latency', or limit multiply-adds or parameters",
        )
    return latencies.whole


def candidates_of(
    offers: Offers, losses: Losses, metric: Metric, latencies: Latencies | None
) -> tuple[list[Candidate[Offer]], dict[str, int]]:
    """Return what the search may choose from, and how many shunts have which outcome.

    A shunt that needs more multiply-adds than its window is left out whatever the metric, since
    the surgery refuses it; one that saves nothing in `metric` is left out since it helps nobody.
    """
    found: list[Candidate[Offer]] = []
    outcomes = Counter(offers.refused)
    for one in offers.found:
        span = one.window.first, one.window.last
        saving = one.saving(metric, latencies)
        if saving is None:
            outcomes[NO_TIME] += 1
        elif saving <= 0 or one.macs < 0:
            outcomes[DEARER] += 1
        elif span not in losses.parts:
            outcomes[losses.missing[span]] += 1
        else:
            found.append(Candidate(*span, one, losses.parts[span], saving))
    outcomes[OFFERED] = len(found)
    return found, dict(sorted(outcomes.items()))
