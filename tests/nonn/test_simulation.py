"""The predicted latency: properties of the model, and rows from a record."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nonn_record_samples import BOARDS, deployment
from pydantic import ValidationError

from harness.errors import HarnessError
from harness.formats import arrays, jsonfile, rows
from harness.stage.digest import sha256
from reproductions.nonn import architecture
from reproductions.nonn.communication import gathered, rows_of
from reproductions.nonn.deployment.message import Kind, frame_bytes
from reproductions.nonn.params.communication import CommunicationParams
from reproductions.nonn.params.network import WideResNet
from reproductions.nonn.params.simulation import SimulationParams
from reproductions.nonn.simulation import layer_split, nonn
from reproductions.nonn.simulation.link import Link

TEACHER = WideResNet(family="wrn", depth=10, width=2, image_size=8, image_channels=1)
STUDENT = WideResNet(family="wrn", depth=10, width=1, image_size=8, image_channels=1)
FILTERS = {2: (30, 20), 4: (20, 10, 10, 10)}
DEVICE = BOARDS | {"link": {"latency_ms": 0.5, "bandwidth_mbit": 80}}
MEDIANS = {
    "teacher.device": 20,
    "n2.features-float32.student0.device": 5,
    "n2.features-float32.student1.device": 4,
    "n2.features-int8.student0.device": 6,
    "n2.features-int8.student1.device": 6,
    "n2.head": 0.25,
    "n4.features-float32.student0.device": 3,
    "n4.features-float32.student1.device": 2,
    "n4.features-float32.student2.device": 2,
    "n4.features-float32.student3.device": 2,
    "n4.head": 0.5,
    "n2.features-float32.end-to-end": 7,
}
"""Milliseconds of each series of the record."""

PARAMS = {
    "teacher": TEACHER.model_dump(),
    "student": STUDENT.model_dump(),
    "bandwidths_mbit": (8,),
    "latencies_ms": (0, 2),
}

milliseconds = st.fractions(min_value=0, max_value=1000, max_denominator=1000)
megabits = st.fractions(min_value=Fraction(1, 100), max_value=10_000, max_denominator=100)
sizes = st.integers(1, 100_000)
links = st.builds(Link, milliseconds, megabits)
students = st.lists(st.builds(nonn.Student, milliseconds, sizes, sizes), min_size=1, max_size=8)
networks = st.builds(
    layer_split.Whole, milliseconds, sizes, sizes, st.lists(st.integers(1, 100_000), max_size=6)
)
devices = st.integers(1, 8)


def weights(network, **named):
    """Return weights with as many parameters as `network` has, running statistics beside them."""
    left = network.parameters - sum(named.values())
    shapes = {"rest.weight": left, **{name.replace("__", "."): n for name, n in named.items()}}
    found = {name: np.zeros(size, np.float32) for name, size in shapes.items()}
    return found | {"rest.running_mean": np.zeros(3, np.float32)}


def trained():
    """Return the weights of systems of two and of four students."""
    found = {}
    for number, filters in FILTERS.items():
        for place, size in enumerate(filters):
            own = weights(architecture.student(STUDENT, size), bridge__1__weight=size)
            found |= {f"n{number}.student{place}.{name}": value for name, value in own.items()}
        found[f"n{number}.head.weight"] = np.zeros((10, sum(filters)), np.float32)
    return found


@pytest.fixture
def simulate(tmp_path, run_step):
    """Return a function that simulates from a record with other values at its top."""
    teacher, several = tmp_path / "teacher.safetensors", tmp_path / "students.safetensors"
    arrays.write_weights(teacher, weights(architecture.classifier(TEACHER)))
    arrays.write_weights(several, trained())

    def run(params=(), *, seeds=(), medians=None, **changes):
        times = MEDIANS if medians is None else medians
        series = {
            name: {"unit": "ns", "samples": [round(1e6 * one)] * 3} for name, one in times.items()
        }
        measured = {"teacher": sha256(teacher), "students": sha256(several)}
        value = deployment(DEVICE, measured, series, **changes)
        path = tmp_path / "0001.json"
        path.write_bytes(jsonfile.dumps(value))
        inputs = {"record": path, "teacher": teacher, "students": several, **dict(seeds)}
        return run_step("simulate", {**PARAMS, **dict(params)}, inputs)["rows"]

    return run


def chosen(path, **wanted):
    """Return the rows in a file that have the values `wanted`."""
    found = rows.read(path)
    return [row for row in found if all(row[name] == value for name, value in wanted.items())]


def total(students, head, link):
    """Return the predicted milliseconds of a NoNN."""
    return nonn.predict(students, head, link).total_ms


@given(students, milliseconds, links, megabits, milliseconds)
def test_a_better_link_is_never_slower(students, head, link, more, later):
    """More bandwidth and less latency never make a NoNN slower."""
    wider = Link(link.latency_ms, link.bandwidth_mbit + more)
    slower = Link(link.latency_ms + later, link.bandwidth_mbit)

    assert total(students, head, wider) <= total(students, head, link)
    assert total(students, head, slower) == total(students, head, link) + 2 * later


@given(networks, devices, links, megabits, milliseconds)
def test_a_better_link_is_never_slower_for_a_split(network, devices, link, more, later):
    """A split waits for each further millisecond of latency once for each of its exchanges."""
    exchanges = len(network.maps) if devices > 1 else 0
    here = layer_split.predict(network, devices, link).total_ms
    wider = layer_split.predict(network, devices, Link(link.latency_ms, link.bandwidth_mbit + more))
    slower = layer_split.predict(
        network, devices, Link(link.latency_ms + later, link.bandwidth_mbit)
    )

    assert wider.total_ms <= here
    assert slower.total_ms == here + (2 + exchanges) * later


@given(students, milliseconds, networks, devices)
def test_a_perfect_link_leaves_the_computing(students, head, network, devices):
    """Without latency and with bandwidth beyond bounds, only the work on the devices remains."""
    link = Link(Fraction(0), Fraction(10**15))
    compute = max(student.compute_ms for student in students) + head
    split = layer_split.predict(network, devices, link)

    assert compute <= total(students, head, link) <= compute + Fraction(1, 1000)
    assert split.compute_ms == network.compute_ms / devices
    assert split.transfer_ms <= Fraction(1, 1000)


@given(milliseconds, sizes, sizes, milliseconds, links)
def test_one_node_takes_the_sum(compute, question, answer, head, link):
    """One node takes both ways, its work and the head's, one after the other."""
    one = [nonn.Student(compute, question, answer)]
    bits = 8 * (question + answer)

    predicted = nonn.predict(one, head, link)

    assert predicted.compute_ms == compute + head
    assert predicted.transfer_ms == 2 * link.latency_ms + bits / (1000 * link.bandwidth_mbit)
    assert predicted.total_ms == predicted.compute_ms + predicted.transfer_ms


@given(students, milliseconds, links)
def test_the_last_node_decides(students, head, link):
    """A NoNN takes as long as its slowest node alone, and one node more never makes it faster."""
    alone = [total([student], head, link) for student in students]

    assert total(students, head, link) == max(alone)


@given(milliseconds, sizes, sizes, links)
def test_a_whole_network_is_one_node(compute, question, answer, link):
    """A network split over one device takes what a node without a head takes, whatever its maps."""
    whole = layer_split.Whole(compute, question, answer, [1000, 2000])
    one = nonn.Student(compute, question, answer)

    assert layer_split.predict(whole, 1, link) == nonn.predict([one], Fraction(0), link)


@pytest.mark.parametrize(
    "network",
    [
        {"family": "wrn", "depth": 16, "width": 1},
        {"family": "vgg", "depth": 11},
        {"family": "mobilenetv2", "multiplier": 0.25},
    ],
    ids=lambda network: network["family"],
)
@pytest.mark.parametrize("number", [2, 3, 8])
def test_a_split_sends_what_is_counted(network, number):
    """All devices of a split send together the bytes that the table of communication has."""
    entry = {"name": "one", "network": network, "filters": ((1,) * number,)}
    params = CommunicationParams.model_validate({"entries": (entry,)})
    (counted,) = [row for row in rows_of(params) if row["method"] == "layer-split"]
    maps = gathered(params.entries[0].network)

    assert number * sum(layer_split.sent(values, number) for values in maps) == counted["bytes"]
    assert len(maps) == counted["exchanges"]


def test_row_of_a_measured_system(simulate):
    """Two students behind 8 Mbit/s: the slower one's median, both ways at a byte a microsecond."""
    question = frame_bytes(Kind.ASK, (1, 1, 8, 8), "float32")
    answer = frame_bytes(Kind.ANSWER, (1, 30), "float32")

    (row,) = chosen(simulate(), method="nonn", devices=2, bandwidth_mbit=8, latency_ms=2)

    transfer = 4 + (question + answer) / 1000
    assert row == {
        "method": "nonn", "network": "wrn10-1", "devices": 2, "form": "features",
        "precision": "float32", "bandwidth_mbit": 8, "latency_ms": 2, "compute_ms": 5.25,
        "transfer_ms": transfer, "total_ms": 5.25 + transfer, "compute": "measured",
        "device": "two_boards", "record": "0001", "current": True, "complete": True,
    }  # fmt: skip


def test_other_numbers_take_the_rate_of_the_nearest(simulate):
    """Eight students share four students' filters; their multiply-adds take those four's rate."""
    done = sum(architecture.student(STUDENT, size).macs for size in FILTERS[4])
    ours = architecture.student(STUDENT, 7).macs  # 50 filters: two students with 7, six with 6

    (row,) = chosen(simulate(), method="nonn", devices=8, latency_ms=0)

    assert row["compute"] == "scaled"
    assert row["compute_ms"] == float(Fraction(ours * 9, done) + Fraction(1, 2))


@pytest.mark.parametrize(("number", "nearest"), [(1, 2), (3, 2), (5, 4), (8, 4)])
def test_the_nearest_system_is_the_smaller_of_two(simulate, number, nearest):
    """The head's time tells which system a number of students was scaled from."""
    rate = sum(architecture.student(STUDENT, size).macs for size in FILTERS[nearest])
    rate /= sum(
        time for name, time in MEDIANS.items() if name.startswith(f"n{nearest}.features-float32.s")
    )
    largest = architecture.student(STUDENT, -(-50 // number)).macs

    (row,) = chosen(simulate(), method="nonn", devices=number, latency_ms=0)

    assert row["compute_ms"] == pytest.approx(largest / rate + MEDIANS[f"n{nearest}.head"])


def test_rows_of_the_splits(simulate):
    """The teacher's work is divided by the devices; the student's follows from the rate."""
    path = simulate()
    macs = architecture.classifier(STUDENT).macs
    rate = sum(architecture.student(STUDENT, size).macs for size in FILTERS[2]) / 9

    split = {
        (row["method"], row["devices"]): row
        for row in rows.read(path)
        if row["method"] != "nonn" and (row["bandwidth_mbit"], row["latency_ms"]) == (8, 0)
    }

    assert [split["split-teacher", n]["compute_ms"] for n in (1, 2, 8)] == [20, 10, 2.5]
    assert [split["split-teacher", n]["compute"] for n in (1, 2)] == ["measured", "scaled"]
    assert split["split-student", 1]["compute_ms"] == pytest.approx(macs / rate)
    assert {row["compute"] for key, row in split.items() if key[0] == "split-student"} == {"scaled"}
    question = frame_bytes(Kind.ASK, (1, 1, 8, 8), "float32")
    answer = frame_bytes(Kind.ANSWER, (1, 10), "float32")
    gathers = 4 * sum(gathered(TEACHER)) / 2
    assert split["split-teacher", 2]["transfer_ms"] == (question + answer + gathers) / 1000


def test_every_row_once(simulate):
    """Each method, number, form and link has one row, the device's own link among them."""
    forms = ({"form": "features"}, {"form": "features", "precision": "int8"})

    found = rows.read(simulate({"forms": forms, "devices": (1, 2, 8)}))

    keys = ["method", "devices", "form", "precision", "bandwidth_mbit", "latency_ms"]
    cases = {tuple(row[key] for key in keys) for row in found}
    assert len(found) == len(cases) == (2 * 3 + 3 + 3) * 3
    assert {(row["bandwidth_mbit"], row["latency_ms"]) for row in found} == {
        (80, 0.5), (8, 0), (8, 2)
    }  # fmt: skip


def test_what_is_sent_counts(simulate):
    """Bytes instead of single precision are sent sooner, by three bytes a filter."""
    forms = ({"form": "features"}, {"form": "features", "precision": "int8"})
    path = simulate({"forms": forms})

    full, small = chosen(path, method="nonn", devices=2, bandwidth_mbit=8, latency_ms=0)

    assert full["transfer_ms"] - small["transfer_ms"] == pytest.approx(3 * 30 / 1000)
    assert small["compute_ms"] == 6.25


def test_a_share_of_the_scores(simulate):
    """A student that sends its share of the scores sends a number a class and computes it."""
    medians = {name.replace("features-int8", "logits-float32"): ms for name, ms in MEDIANS.items()}
    path = simulate({"forms": ({"form": "logits"},)}, medians=medians)
    measured, scaled = (
        chosen(path, method="nonn", devices=number, bandwidth_mbit=8, latency_ms=0)[0]
        for number in (2, 3)
    )
    work = sum(architecture.student(STUDENT, size).macs + 10 * size for size in FILTERS[2])
    ours = architecture.student(STUDENT, 17).macs + 10 * 17

    answer = frame_bytes(Kind.ANSWER, (1, 10), "float32")
    question = frame_bytes(Kind.ASK, (1, 1, 8, 8), "float32")
    assert measured["transfer_ms"] == (question + answer) / 1000
    assert scaled["compute_ms"] == pytest.approx(ours * 12 / work + 0.25)


def test_the_same_bytes_again(simulate):
    """The rows are the same to the last byte, and their shortest numbers are kept."""
    first = simulate().read_bytes()

    assert simulate().read_bytes() == first
    assert b",5.25," in first


@pytest.mark.parametrize("change", ["teacher", "students"])
def test_rows_of_other_weights_are_not_current(simulate, tmp_path, change):
    """A record of other weights of the teacher, or of the students, is told in every row."""
    names = ("teacher", "students")
    now = {name: sha256(tmp_path / f"{name}.safetensors") for name in names}

    found = rows.read(simulate(measured=now | {change: "0" * 64}))

    assert {row["current"] for row in found} == {False}


def test_the_seed_that_was_measured(simulate, tmp_path):
    """Of several seeds the weights of the one that was measured are read."""
    several = tmp_path / "students.safetensors"
    other = tmp_path / "other.safetensors"
    arrays.write_weights(other, weights(architecture.student(STUDENT, 5)))
    inputs = {"students": {0: other, 3: several}}

    path = simulate(
        seeds=inputs,
        measured={
            "teacher": sha256(tmp_path / "teacher.safetensors"),
            "students": {"3": sha256(several)},
        },
    )

    assert {row["current"] for row in rows.read(path)} == {True}


@pytest.mark.parametrize(
    ("params", "changes", "said"),
    [
        ({"forms": ({"form": "logits"},)}, {}, "no device times of students that send logits"),
        ({"devices": (51,)}, {}, "50 filters cannot be shared among 51 students"),
        (
            {"student": STUDENT.model_copy(update={"width": 2}).model_dump()},
            {},
            "the weights in 'students' have",
        ),
        (
            {"teacher": TEACHER.model_copy(update={"depth": 16}).model_dump()},
            {},
            "the weights in 'teacher' have",
        ),
        (
            {},
            {"device": {key: DEVICE[key] for key in ("device", "says", "warm_up", "samples",
                                                     "tolerance")} | {"kind": "host"}},
            "is of device 'two_boards', which has no nodes",
        ),
        (
            {},
            {
                "medians": {k: v for k, v in MEDIANS.items() if k != "teacher.device"},
                "unavailable": {"teacher.device": "the clock stood still"},
            },
            "has no series 'teacher.device': the clock stood still",
        ),
        ({}, {"medians": MEDIANS | {"strange": 1}}, "'strange' is no series of a deployment"),
        (
            {},
            {"medians": dict.fromkeys(MEDIANS, 0)},
            "the 2 students took no time, which gives no rate",
        ),
    ],
    ids=["form", "filters", "student", "teacher", "host", "lacks", "strange", "no-time"],
)  # fmt: skip
def test_what_cannot_be_predicted(simulate, params, changes, said):
    """What is missing for a prediction is named, with the record or the input that lacks it."""
    with pytest.raises(HarnessError, match=said):
        simulate(params, **changes)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"devices": (2, 2)}, "each value of 'devices' is given once"),
        ({"bandwidths_mbit": (1, 1.0)}, "each value of 'bandwidths_mbit' is given once"),
        ({"bandwidths_mbit": (0,)}, "greater than 0"),
        ({"latencies_ms": (-1,)}, "greater than or equal to 0"),
        ({"student": STUDENT.model_dump() | {"classes": 7}}, "have the same 'classes'"),
        ({"student": STUDENT.model_dump() | {"image_size": 9}}, "have the same 'image_size'"),
    ],
)
def test_bad_parameters(change, said):
    """Parameters whose rows could not be told apart, or that contradict each other, are refused."""
    with pytest.raises(ValidationError, match=said):
        SimulationParams.model_validate({**PARAMS, **change})
