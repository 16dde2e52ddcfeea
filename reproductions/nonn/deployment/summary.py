"""From the record of a deployment to the rows of its table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from harness.devices import statistics
from harness.devices.measured import current
from harness.devices.record import Record, read
from harness.devices.statistics import Summary
from harness.errors import HarnessError
from harness.formats.rows import Row, Value
from harness.spec.device import Device, Host, Link, LitertHost, LocalProcess
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.nonn.deployment.series import ALL, HEAD, Metric, Subject, parse, rate
from reproductions.nonn.params.deployment import DeploymentSummaryParams

RECORD = "record"
SIMULATION = "simulation"
UNAVAILABLE = "unavailable"

_UNITS: Mapping[Metric, str] = {
    "end-to-end": "ms",
    "device": "ms",
    "memory": "byte",
    "sent": "byte",
    "received": "byte",
    "energy": "joule",
}
_Found = dict[Subject, dict[Metric, Summary | str]]
"""What is known of each subject: numbers, or the words why there are none."""


def summarise_deployment(
    inputs: Inputs,
    params: DeploymentSummaryParams,  # noqa: ARG001 - the contract of a step
    outputs: Outputs,
    run: Run,  # noqa: ARG001 - the contract of a step
) -> None:
    """Write one row for the teacher, for each system of students, each student and each head.

    The input `simulation`, where there is one, has the rows of ``nonn.simulate``: the teacher and
    each system get the time that is predicted for their link beside the measured one. Every other
    input is what the record measured, under the name it had in the measuring stage.

    Raises
    ------
    HarnessError
        The record is of no deployment.
    """
    record = read(inputs.path(RECORD))
    names = [name for name in inputs.names() if name not in (RECORD, SIMULATION)]
    simulated = inputs.rows(SIMULATION) if SIMULATION in inputs else []
    outputs.rows("rows", rows(record, simulated, current=current(record.measured, inputs, names)))


def rows(record: Record, simulated: Sequence[Row], *, current: bool) -> list[Row]:
    """Return the rows of `record`, the teacher's first, with shaped links after the plain one."""
    found = _found(record)
    order = sorted(found, key=_place)
    return [
        {
            **_labels(subject),
            **_times(found, subject),
            # A system is as fast on its devices as its slowest node, and as large as its largest.
            "device_ms": _joined(found, subject, "device", max),
            "memory": _joined(found, subject, "memory", max),
            "sent": _joined(found, subject, "sent", sum),
            "received": _joined(found, subject, "received", sum),
            "simulated_ms": _simulated(simulated, record.device, subject),
            "speed_up": _speed_up(found, subject),
            "energy": _median(found, subject, "energy"),
            "note": _note(found[subject].values()),
            "samples": _samples(found[subject]),
            "device": record.device.device,
            "record": record.number,
            "current": current,
            "complete": record.complete,
        }
        for subject in order
    ]


def _found(record: Record) -> _Found:
    found: _Found = {}
    for name, series in record.series.items():
        subject, metric = _parsed(record, name)
        summary = statistics.in_unit(statistics.summary(series), _UNITS[metric])
        found.setdefault(subject, {})[metric] = summary
    for name, reason in record.unavailable.items():
        subject, metric = _parsed(record, name)
        found.setdefault(subject, {})[metric] = reason
    return found


def _parsed(record: Record, name: str) -> tuple[Subject, Metric]:
    try:
        return parse(name)
    except ValueError as error:
        raise HarnessError(
            f"record {record.number} of {record.paper}/{record.stage}: {error}",
            "give the input 'record' one that 'nonn.measure_deployment' has made",
        ) from error


def _place(subject: Subject) -> tuple[float, int, str, str, int]:
    """Where a row stands: by link, system, form, and the whole before its nodes."""
    nodes = {ALL: -1, HEAD: 1_000}
    node = nodes[subject.node] if subject.node in nodes else int(subject.node)
    form = subject.form or "~"  # what all forms share comes after them
    return (subject.link or 0, subject.students or 0, form, subject.precision, node)


def _labels(subject: Subject) -> Row:
    shared = ALL if subject.node == HEAD else ""
    return {
        "system": "teacher" if subject.students is None else "nonn",
        "students": subject.students or 1,
        "node": subject.node,
        # The teacher's class scores are sent back as they are.
        "form": shared or subject.form or "logits",
        "precision": shared or subject.precision or "float32",
        "link": "none" if subject.link is None else f"{rate(subject.link)} Mbit/s",
    }


def _times(found: _Found, subject: Subject) -> Row:
    time = found[subject].get("end-to-end")
    if isinstance(time, Summary):
        return {
            "median_ms": time.median,
            "lower_quartile_ms": time.lower_quartile,
            "upper_quartile_ms": time.upper_quartile,
        }
    said = None if time is None else UNAVAILABLE
    return {"median_ms": said, "lower_quartile_ms": said, "upper_quartile_ms": said}


def _median(found: _Found, subject: Subject, metric: Metric) -> Value:
    value = found.get(subject, {}).get(metric)
    if isinstance(value, Summary):
        return value.median
    return None if value is None else UNAVAILABLE


def _nodes(found: _Found, subject: Subject) -> list[Subject]:
    """The students of a system in their order; none for what is no system."""
    if subject.node != ALL or subject.students is None:
        return []
    nodes = (replace(subject, node=str(node)) for node in range(subject.students))
    return [node for node in nodes if node in found]


def _joined(
    found: _Found, subject: Subject, metric: Metric, join: Callable[[list[float]], float]
) -> Value:
    """The median of a subject; of a system, its nodes' medians under `join`: `max` or `sum`."""
    nodes = _nodes(found, subject)
    if not nodes:
        return _median(found, subject, metric)
    values = [_median(found, node, metric) for node in nodes]
    numbers = [value for value in values if isinstance(value, int | float)]
    if len(numbers) < len(values):
        return UNAVAILABLE if UNAVAILABLE in values else None
    return join(numbers)


def _simulated(simulated: Sequence[Row], device: Device, subject: Subject) -> Value:
    """The time that the simulator predicts for a system over its link, shaped or the device's."""
    link = _link(device, subject)
    if subject.node != ALL or link is None:
        return None
    teacher = subject.students is None
    # The teacher on one node is the split over one device, which sends back class scores.
    wanted: Row = {
        "method": "split-teacher" if teacher else "nonn",
        "devices": subject.students or 1,
        "bandwidth_mbit": link.bandwidth_mbit,
        "latency_ms": link.latency_ms,
    }
    if not teacher:
        wanted |= {"form": subject.form, "precision": subject.precision}
    for row in simulated:
        if all(row.get(name) == value for name, value in wanted.items()):
            return row["total_ms"]
    return None


def _link(device: Device, subject: Subject) -> Link | None:
    """The link that the subject was measured over: the device's own, unless one was shaped."""
    if isinstance(device, Host | LitertHost):
        return None
    if subject.link is None:
        return device.link
    shaped = device.shaped if isinstance(device, LocalProcess) else ()
    return next((one for one in shaped if one.bandwidth_mbit == subject.link), None)


def _speed_up(found: _Found, subject: Subject) -> Value:
    """How many times as long the teacher takes on one node behind the same link."""
    if subject.node == HEAD:
        return None
    teacher = _median(found, Subject(link=subject.link), "end-to-end")
    own = _median(found, subject, "end-to-end")
    if isinstance(teacher, int | float) and isinstance(own, int | float):
        return statistics.ratio(teacher, own)
    return None


def _note(values: Iterable[Summary | str]) -> str | None:
    reasons = dict.fromkeys(value for value in values if isinstance(value, str))
    return "; ".join(reasons) or None


def _samples(values: Mapping[Metric, Summary | str]) -> int:
    time = values.get("end-to-end")
    return time.samples if isinstance(time, Summary) else 0
