"""How long networks take for one batch, in turns."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from harness.spec.device import Host
from harness.stage.run import Run
from reproductions.shunt.connector import sections
from reproductions.shunt.evaluation import answering
from reproductions.turns import sample_in_turns

_TOLERANCE = 0.5  # of two records of a device; there is but one here


def latencies(
    models: Mapping[str, Any], how: sections.TestLatency, run: Run
) -> dict[str, dict[str, float]]:
    """Return for each of `models` what a call with one batch takes, in milliseconds.

    The models take turns, after one round of warming up. Each call is timed by itself; the release
    divides by the number of samples what it has timed of twenty calls.

    Returns
    -------
    By name ``min``, ``median``, ``lower_quartile`` and ``upper_quartile``.
    """
    device = Host(
        device="host",
        kind="host",
        says="This machine, in this process.",
        warm_up=1,
        samples=how.iterations * how.number_of_samples,
        tolerance=_TOLERANCE,
    )
    calls = {name: _call(model, how.batchsize, run) for name, model in models.items()}
    return {name: _summary(taken) for name, taken in sample_in_turns(calls, device).items()}


def _call(model: Any, size: int, run: Run) -> Callable[[], object]:
    shape = (size, *model.input_shape[1:])
    images = run.generator("image").random(shape, dtype=np.float32)
    answer = answering(model)
    # The answer is copied out, so that it is there when the clock stops.
    return lambda: np.asarray(answer(images))


def _summary(nanoseconds: list[int]) -> dict[str, float]:
    taken = [value / 1e6 for value in nanoseconds]
    lower, median, upper = statistics.quantiles(taken, n=4, method="inclusive")
    return {
        "min": min(taken),
        "lower_quartile": lower,
        "median": median,
        "upper_quartile": upper,
    }
