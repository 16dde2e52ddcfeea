"""From the record of a deployment to the rows of its table."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nonn_record_samples import BOARDS, deployment

from harness.devices.record import Record, dumps
from harness.errors import HarnessError
from harness.formats import jsonfile, rows
from reproductions.nonn.deployment import summary
from reproductions.nonn.deployment.series import ALL, HEAD, Subject, parse
from reproductions.nonn.params.deployment import DeploymentParams

DEVICE = BOARDS | {
    "link": {"latency_ms": 0, "bandwidth_mbit": 1000},
    "shaped": [{"latency_ms": 0, "bandwidth_mbit": 10}],
}
SYSTEM = "n2.features-float32"
NODES = {
    f"{SYSTEM}.student0": (4, 3, 900, 128, 60),
    f"{SYSTEM}.student1": (5, 4, 700, 128, 64),
    "teacher": (20, 18, 1500, 128, 56),
}


def times(*milliseconds):
    """Return a series of whole nanoseconds."""
    return {"unit": "ns", "samples": [round(1e6 * one) for one in milliseconds]}


def byte(value):
    """Return a series of three equal numbers of bytes."""
    return {"unit": "byte", "samples": [value] * 3}


def measured():
    """Return the series of a teacher and two students, on a plain and on a shaped link."""
    series = {f"{SYSTEM}.end-to-end": times(4, 8, 5), "n2.head": times(0.25, 0.25, 0.25)}
    for name, (whole, device, memory, sent, received) in NODES.items():
        series[f"{name}.end-to-end"] = times(whole, whole, whole)
        series[f"{name}.device"] = times(device, device, device)
        series[f"{name}.memory"] = byte(memory)
        series[f"{name}.sent"] = byte(sent)
        series[f"{name}.received"] = byte(received)
    series["link-10mbit.teacher.end-to-end"] = times(22, 22, 22)
    series[f"link-10mbit.{SYSTEM}.end-to-end"] = times(11, 11, 11)
    return series


def record(series=None, **unavailable):
    """Return the record of a deployment on two processes."""
    value = deployment(
        DEVICE,
        {"teacher": hashlib.sha256(b"weights").hexdigest()},
        series or measured(),
        unavailable={name.replace("__", "."): why for name, why in unavailable.items()},
    )
    return Record.model_validate_json(jsonfile.dumps(value))


def found(made):
    """Return rows by link, system, form and node."""
    return {(row["link"], row["system"], row["form"], row["node"]): row for row in made}


@given(
    st.one_of(st.none(), st.sampled_from([10.0, 2.5, 1000.0])),
    st.sampled_from(
        [
            Subject(),
            Subject(2, "features", "int8"),
            Subject(8, "logits", "float32", "7"),
            Subject(4, node=HEAD),
        ]
    ),
    st.sampled_from(["end-to-end", "device", "memory", "sent", "received", "energy"]),
)
def test_names_say_what_they_are_of(link, subject, metric):
    """A name that is written is read as the same subject and metric, and fits into a record."""
    subject = Subject(subject.students, subject.form, subject.precision, subject.node, link)
    name = subject.series(metric)

    assert parse(name) == (subject, metric)
    record({name: byte(1)})


def test_names_are_those_of_the_contract():
    """The names are the ones that the simulation and the documents know."""
    assert Subject().series("end-to-end") == "teacher.end-to-end"
    assert (
        Subject(2, "features", "int8", "1").series("device") == "n2.features-int8.student1.device"
    )
    assert Subject(4, node=HEAD).series("end-to-end") == "n4.head"
    assert Subject(link=10.0).series("sent") == "link-10mbit.teacher.sent"
    with pytest.raises(ValueError, match="no series"):
        parse("n2")


def test_rows_of_a_system_and_its_nodes():
    """A system has its own time, its slowest device, its largest node and all nodes' bytes."""
    by = found(summary.rows(record(), [], current=True))
    system = by["none", "nonn", "features", ALL]
    teacher = by["none", "teacher", "logits", ALL]

    assert [(link, node) for link, _, _, node in by] == [
        ("none", ALL), ("none", ALL), ("none", "0"), ("none", "1"), ("none", HEAD),
        ("10 Mbit/s", ALL), ("10 Mbit/s", ALL),
    ]  # fmt: skip
    assert next(iter(by)) == ("none", "teacher", "logits", ALL)
    assert (system["median_ms"], system["lower_quartile_ms"], system["upper_quartile_ms"]) == (
        5.0, 4.5, 6.5,
    )  # fmt: skip
    assert (system["device_ms"], system["memory"]) == (4.0, 900.0)
    assert (system["sent"], system["received"]) == (256.0, 124.0)
    assert (system["speed_up"], teacher["speed_up"]) == (4.0, 1.0)
    assert (teacher["students"], teacher["received"], teacher["samples"]) == (1, 56.0, 3)
    assert by["none", "nonn", "features", "1"]["median_ms"] == 5.0
    head = by["none", "nonn", "all", HEAD]
    assert (head["median_ms"], head["speed_up"], head["precision"]) == (0.25, None, "all")
    assert by["10 Mbit/s", "nonn", "features", ALL]["speed_up"] == 2.0
    assert all(row["device"] == "two_boards" and row["record"] == "0001" for row in by.values())


def test_what_was_not_measured_is_never_a_number():
    """Energy without a meter and a refused link stand as unavailable, with the reasons."""
    series = {name: one for name, one in measured().items() if not name.startswith("link-")}
    lacking = {"teacher__energy": "no meter", "link-10mbit__teacher__end-to-end": "not root"}
    by = found(summary.rows(record(series, **lacking), [], current=True))

    assert by["none", "teacher", "logits", ALL]["energy"] == "unavailable"
    assert by["none", "teacher", "logits", ALL]["note"] == "no meter"
    behind = by["10 Mbit/s", "teacher", "logits", ALL]
    assert (behind["median_ms"], behind["note"], behind["samples"]) == (
        "unavailable",
        "not root",
        0,
    )
    assert behind["speed_up"] is None
    assert by["none", "nonn", "features", ALL]["energy"] is None


def test_a_node_without_memory_leaves_none_for_the_system():
    """The largest of several memories is not told where one of them is not known."""
    series = measured()
    del series[f"{SYSTEM}.student1.memory"]
    lacking = {f"{SYSTEM}.student1.memory": "another machine"}
    by = found(summary.rows(record(series, **lacking), [], current=True))

    assert by["none", "nonn", "features", ALL]["memory"] == "unavailable"
    assert by["none", "nonn", "features", "0"]["memory"] == 900.0


def test_prediction_beside_the_measurement():
    """The teacher and every system get the time predicted for their own link, form and number."""
    row = {
        "method": "nonn", "devices": 2, "form": "features", "precision": "float32",
        "bandwidth_mbit": 10.0, "latency_ms": 0.0, "total_ms": 10.5,
    }  # fmt: skip
    teacher = {**row, "method": "split-teacher", "devices": 1, "form": "logits", "total_ms": 21.5}
    others = [
        {**row, "bandwidth_mbit": 100.0, "total_ms": 1.0},
        {**row, "latency_ms": 1.0, "total_ms": 11.5},
        {**row, "precision": "int8", "total_ms": 2.0},
        {**row, "devices": 4, "total_ms": 3.0},
        {**row, "bandwidth_mbit": 1000.0, "total_ms": 4.5},
    ]
    by = found(summary.rows(record(), [*others, teacher, row], current=True))

    assert by["10 Mbit/s", "nonn", "features", ALL]["simulated_ms"] == 10.5
    assert by["10 Mbit/s", "teacher", "logits", ALL]["simulated_ms"] == 21.5
    assert by["none", "nonn", "features", ALL]["simulated_ms"] == 4.5
    assert [row["simulated_ms"] for row in by.values()].count(None) == len(by) - 3


@pytest.mark.parametrize(("now", "current"), [(b"weights", True), (b"Weights", False)])
def test_other_weights_are_not_current(run_step, tmp_path, now, current):
    """As a step, the rows say whether what was measured still has its bytes."""
    weights = tmp_path / "teacher.safetensors"
    weights.write_bytes(now)
    (tmp_path / "0001.json").write_bytes(dumps(record()))
    inputs = {"record": tmp_path / "0001.json", "teacher": weights}
    made = rows.read(run_step("summarise_deployment", {}, inputs)["rows"])

    assert {row["current"] for row in made} == {current}
    assert {row["complete"] for row in made} == {True}


def test_a_record_of_something_else(run_step, tmp_path):
    """A series with another name is told with the record's own."""
    (tmp_path / "0001.json").write_bytes(dumps(record({"student-1": byte(1)})))

    with pytest.raises(HarnessError, match=r"record 0001 of nonn/deployment: 'student-1'"):
        run_step("summarise_deployment", {}, {"record": tmp_path / "0001.json"})


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"students": (2, 2)}, "each number of students"),
        ({"forms": ({"form": "logits"}, {"form": "logits"})}, "each form"),
        ({"head": "device", "forms": ({"form": "logits"},)}, "only added up"),
        ({"student": {"family": "wrn", "depth": 10, "width": 1, "classes": 4}}, "same number of"),
    ],
)
def test_parameters_are_checked(changes, word):
    """What cannot be deployed is refused before anything runs."""
    network = {"family": "wrn", "depth": 10, "width": 1}
    whole = {"teacher": network, "student": network, "students": (2,)}

    with pytest.raises(ValueError, match=word):
        DeploymentParams.model_validate(whole | changes)
