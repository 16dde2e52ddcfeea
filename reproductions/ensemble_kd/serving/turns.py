"""Calls that take turns under the clock, each after every other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter_ns

from harness.spec.device import Device

Call = Callable[[], object]


def sample_in_turns(
    calls: Mapping[str, Call],
    device: Device,
    told: Callable[[int, int, str], None] = lambda *_words: None,
) -> dict[str, list[int]]:
    """Return how many nanoseconds each counted call took, by name, in the order of the rounds.

    Every round makes each call once, and begins one call later than the round before: a machine
    that slows down slows all alike. The first `device.warm_up` rounds do not count.
    """
    names = list(calls)
    found: dict[str, list[int]] = {name: [] for name in names}
    rounds = device.warm_up + device.samples
    for done in range(rounds):
        first = done % len(names)
        for name in (*names[first:], *names[:first]):
            start = perf_counter_ns()
            calls[name]()
            taken = perf_counter_ns() - start
            if done >= device.warm_up:
                found[name].append(taken)
        told(done + 1, rounds, "rounds")
    return found
