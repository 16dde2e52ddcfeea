"""The time of one forward pass: of the teacher, of each student, and of the head over them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import perf_counter_ns

import torch
from torch import Tensor, nn

from harness.errors import HarnessError
from harness.formats.arrays import Array
from harness.spec.device import Device
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.nonn.determinism import settle
from reproductions.nonn.images import read_split
from reproductions.nonn.params.latency import LatencyParams
from reproductions.nonn.students import trained
from reproductions.nonn.teacher import read_teacher


def measure_latency(inputs: Inputs, params: LatencyParams, outputs: Outputs, run: Run) -> None:
    """Time every forward pass on its own, on one thread, with the images ready in memory.

    A student runs on a device of its own, so each is timed alone: the release added them up.
    """
    settle()
    if run.device is None:
        raise HarnessError(
            f"stage '{run.stage}' measures, but names no device", "give it 'device: host'"
        )
    images = next(read_split(inputs, "test", params.student).batches(params.batch_size)).images
    calls: dict[str, Callable[[], object]] = {}
    teacher: nn.Module = read_teacher(inputs, "teacher", params.teacher)
    calls["teacher"] = partial(teacher, images)
    weights = inputs.weights("students")
    for number in params.students:
        calls |= _students(weights, number, params, images)
    series = {}
    for done, (name, call) in enumerate(calls.items(), start=1):
        series[name] = {"unit": "ns", "samples": sample(call, run.device)}
        run.progress(done, len(calls), name)
    record = {"clock": "time.perf_counter_ns", "warm_up": run.device.warm_up, "series": series}
    outputs.record("record", record)


def sample(call: Callable[[], object], device: Device) -> list[int]:
    """Return how many nanoseconds each of the counted calls of `call` took, in their order."""
    taken = []
    with torch.inference_mode():
        for _ in range(device.warm_up):
            call()
        for _ in range(device.samples):
            start = perf_counter_ns()
            call()
            taken.append(perf_counter_ns() - start)
    return taken


def _students(
    weights: dict[str, Array], number: int, params: LatencyParams, images: Tensor
) -> dict[str, Callable[[], object]]:
    """The forward passes of the system of `number` students, by the names of their series."""
    system = trained(params.student, weights, number)
    calls: dict[str, Callable[[], object]] = {}
    for place, node in enumerate(system.nodes()):
        calls[f"n{number}-student{place}"] = partial(node, images)
    with torch.inference_mode():
        _, features = system(images)
    calls[f"n{number}-head"] = partial(system.head, features)
    return calls
