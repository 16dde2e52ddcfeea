"""Calls that take turns under the clock, so that none has a better hour than another.

A network that is timed after another is slow where the machine slows down on the way. Here every
round makes each call once, and every call is a sample of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from time import perf_counter_ns
from typing import Any

from harness.spec.device import Device

Call = Callable[[], object]


def sample_in_turns(
    calls: Mapping[str, Call],
    device: Device,
    told: Callable[[int, int, str], None] = lambda *_words: None,
) -> dict[str, list[int]]:
    """Return how many nanoseconds each counted call took, by name, in the order of the rounds.

    Every round makes each call once. The first `device.warm_up` rounds do not count.

    Parameters
    ----------
    told
        Called after every round with the rounds done, all rounds, and "rounds".
    """
    names = list(calls)
    found: dict[str, list[int]] = {name: [] for name in names}
    rounds = device.warm_up + device.samples
    orders = balanced(len(names))
    for done in range(1, rounds + 1):
        for place in next(orders):
            call = calls[names[place]]
            start = perf_counter_ns()
            call()
            taken = perf_counter_ns() - start
            if done > device.warm_up:
                found[names[place]].append(taken)
        told(done, rounds, "rounds")
    return found


def balanced(count: int) -> Iterator[list[int]]:
    """Yield orders of `count` things without end, as a Williams design has them.

    Over `count` rounds, twice that many when it is odd, each is at each place equally often, and
    follows each other one equally often: none is always the one after the largest. (Williams 1949,
    "Experimental designs balanced for the estimation of residual effects of treatments".)
    """
    first = [(place + 1) // 2 if place % 2 else -(place // 2) for place in range(count)]
    while True:
        for directions in (1, -1)[: 1 + count % 2]:
            for shift in range(count):
                yield [(one + shift) % count for one in first[::directions]]


def measurement(series: Mapping[str, list[int]], device: Device, clock: str) -> dict[str, Any]:
    """Return the device result of `series`, in nanoseconds, as a measuring step writes it.

    Parameters
    ----------
    clock
        How time was taken, in words.
    """
    return {
        "clock": clock,
        "warm_up": device.warm_up,
        "series": {name: {"unit": "ns", "samples": taken} for name, taken in series.items()},
    }
