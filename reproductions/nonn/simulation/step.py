"""The step that predicts the latency of one image from a record of compute times."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import product

from harness.devices.measured import current
from harness.devices.record import Record, read
from harness.errors import HarnessError
from harness.formats.arrays import Array
from harness.formats.rows import Row
from harness.spec.device import LocalProcess, TvmRpc
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.nonn import architecture
from reproductions.nonn.architecture.block import Architecture
from reproductions.nonn.communication import gathered
from reproductions.nonn.deployment.message import Kind, frame_bytes
from reproductions.nonn.label import label
from reproductions.nonn.params.deployment import Sending
from reproductions.nonn.params.network import Network
from reproductions.nonn.params.simulation import SimulationParams
from reproductions.nonn.simulation import layer_split, nonn
from reproductions.nonn.simulation.compute import Times
from reproductions.nonn.simulation.link import Link, Prediction

RECORD = "record"
_WHOLE = Sending(form="logits", precision="float32")
"""What is sent back of a network that is no NoNN."""
_RUNNING = (".running_mean", ".running_var")


def simulate(inputs: Inputs, params: SimulationParams, outputs: Outputs, run: Run) -> None:  # noqa: ARG001 - the contract of a step
    """Step: predict, for every number of devices, form and link, what one image takes.

    Raises
    ------
    HarnessError
        The record is of no deployment on nodes, or lacks a time; or the weights are not of the
        networks in the parameters.
    """
    record = read(inputs.path(RECORD))
    names = [name for name in inputs.names() if name != RECORD]
    _check("teacher", architecture.classifier(params.teacher), _weights(inputs, "teacher", record))
    filters = _filters(_weights(inputs, "students", record), params.student)
    times = Times(record, params.student, filters)
    outputs.rows("rows", rows(times, params, current=current(record.measured, inputs, names)))


def rows(times: Times, params: SimulationParams, *, current: bool) -> list[Row]:
    """Return one row for each system, form and link: NoNN's first, then the splits'."""
    record = times.record
    return [
        {
            "method": case.method,
            "network": label(case.network),
            "devices": case.devices,
            "form": case.sending.form,
            "precision": case.sending.precision,
            "bandwidth_mbit": bandwidth,
            "latency_ms": latency,
            "compute_ms": float(predicted.compute_ms),
            "transfer_ms": float(predicted.transfer_ms),
            "total_ms": float(predicted.total_ms),
            "compute": "measured" if case.measured else "scaled",
            "device": record.device.device,
            "record": record.number,
            "current": current,
            "complete": record.complete,
        }
        for case in _cases(times, params)
        for bandwidth, latency in _links(record, params)
        for predicted in [case.over(Link.of(latency, bandwidth))]
    ]


@dataclass(frozen=True)
class _Case:
    """A system on some devices, and what it takes behind a link."""

    method: str
    network: Network
    devices: int
    sending: Sending
    measured: bool
    over: Callable[[Link], Prediction]


def _cases(times: Times, params: SimulationParams) -> Iterator[_Case]:
    for sending, devices in product(params.forms, params.devices):
        yield _students(times, params.student, sending, devices)
    teacher, student = times.teacher_ms(), times.whole_student_ms(params.forms[0])
    for devices in params.devices:
        measured = devices == 1
        yield _split("split-teacher", params.teacher, teacher, devices, measured=measured)
    for devices in params.devices:
        yield _split("split-student", params.student, student, devices, measured=False)


def _students(times: Times, network: Network, sending: Sending, devices: int) -> _Case:
    work = times.system(devices, sending)
    values = [network.classes if sending.form == "logits" else size for size in work.filters]
    students = [
        nonn.Student(time, _question(network), _answer(size, sending))
        for time, size in zip(work.compute_ms, values, strict=True)
    ]
    over = partial(nonn.predict, students, work.head_ms)
    return _Case("nonn", network, devices, sending, work.measured, over)


def _split(
    method: str, network: Network, compute_ms: Fraction, devices: int, *, measured: bool
) -> _Case:
    answer = _answer(network.classes, _WHOLE)
    whole = layer_split.Whole(compute_ms, _question(network), answer, gathered(network))
    over = partial(layer_split.predict, whole, devices)
    return _Case(method, network, devices, _WHOLE, measured, over)


def _question(network: Network) -> int:
    """The bytes of one normalised image on its way to a node."""
    shape = (1, network.image_channels, network.image_size, network.image_size)
    return frame_bytes(Kind.ASK, shape, "float32")


def _answer(values: int, sending: Sending) -> int:
    return frame_bytes(Kind.ANSWER, (1, values), sending.precision)


def _links(record: Record, params: SimulationParams) -> list[tuple[float, float]]:
    """Bandwidth and latency of every link: the device's own first, then those asked for."""
    if not isinstance(record.device, LocalProcess | TvmRpc):
        raise HarnessError(
            f"record {record.number} of {record.paper}/{record.stage} is of device "
            f"'{record.device.device}', which has no nodes",
            "give the input 'record' one that 'nonn.measure_deployment' has made",
        )
    own = (record.device.link.bandwidth_mbit, record.device.link.latency_ms)
    asked = ((rate, late) for late in params.latencies_ms for rate in params.bandwidths_mbit)
    return list(dict.fromkeys([own, *asked]))


def _weights(inputs: Inputs, name: str, record: Record) -> dict[str, Array]:
    """Read the weights of the seed that was measured, or of the first where that is not told."""
    seeds = inputs.seeds(name)
    if not seeds:
        return inputs.weights(name)
    measured = record.measured.get(name)
    told = [int(seed) for seed in measured] if isinstance(measured, Mapping) else []
    return inputs.weights(name, next((seed for seed in told if seed in seeds), seeds[0]))


def _filters(weights: Mapping[str, Array], network: Network) -> dict[int, tuple[int, ...]]:
    """Read C_k of each student of every system off the batch normalisation of its bridge."""
    found: dict[int, dict[int, int]] = {}
    for name, values in weights.items():
        parts = re.fullmatch(r"n([0-9]+)\.student([0-9]+)\.bridge\.1\.weight", name)
        if parts:
            found.setdefault(int(parts[1]), {})[int(parts[2])] = values.size
    sizes = {
        number: tuple(students[place] for place in sorted(students))
        for number, students in sorted(found.items())
    }
    for number, filters in sizes.items():
        for place, size in enumerate(filters):
            start = f"n{number}.student{place}."
            own = {name: values for name, values in weights.items() if name.startswith(start)}
            _check("students", architecture.student(network, size), own)
    return sizes


def _check(name: str, network: Architecture, weights: Mapping[str, Array]) -> None:
    """Refuse weights that are not of `network`: its multiply-adds would not be theirs."""
    counted = sum(
        values.size for tensor, values in weights.items() if not tensor.endswith(_RUNNING)
    )
    if counted != network.parameters:
        raise HarnessError(
            f"the weights in '{name}' have {counted} parameters, and the network that the stage "
            f"names has {network.parameters}",
            "give this stage the same networks as the stages that trained them",
        )
