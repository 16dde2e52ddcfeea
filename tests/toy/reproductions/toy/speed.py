"""How long adding takes."""

import time

from reproductions.toy.arithmetic import add
from reproductions.toy.params import Nothing


def measure_speed(inputs, params: Nothing, outputs, run) -> None:
    """Write the nanoseconds of each sampled call."""
    samples = []
    for call in range(run.device.warm_up + run.device.samples):
        start = time.perf_counter_ns()
        add([0.5] * 1000)
        if call >= run.device.warm_up:
            samples.append(time.perf_counter_ns() - start)
    series = {"add": {"unit": "ns", "samples": samples}}
    outputs.record(
        "record",
        {"clock": "time.perf_counter_ns", "warm_up": run.device.warm_up, "series": series},
    )
