"""The stages after the teacher: activity, students, baselines, latency."""

import numpy as np
import pytest
from nonn_stage import STUDENT, TEACHER, TRAINING, run_step, train_teacher
from pydantic import ValidationError

from harness.errors import HarnessError
from harness.formats import arrays, jsonfile, rows
from harness.spec.device import Host
from reproductions.nonn import architecture
from reproductions.nonn.params.students import StudentsParams

SCORES = [
    "role",
    "network",
    "students",
    "partition",
    "distilled",
    "training",
    "parameters",
    "bytes",
    "accuracy",
    "validation_accuracy",
]
RELEASED = {
    "compat": True,
    "knowledge": {"kl": "element_mean"},
    "transfer": {"normalisation": "joint"},
}
LATENCY = {"teacher": TEACHER, "student": STUDENT, "students": (2,)}


@pytest.fixture(scope="module")
def trained(images, tmp_path_factory):
    """Return the outputs of the small teacher."""
    return train_teacher(images, tmp_path_factory.mktemp("teacher"))


@pytest.fixture(scope="module")
def teacher(trained):
    """Return the weights of the small teacher."""
    return trained["weights"]


@pytest.fixture(scope="module")
def assignment(tmp_path_factory):
    """Return a partition of six of the 64 filters for two students, four and two each."""
    path = tmp_path_factory.mktemp("partition") / "assignment.csv"
    shares = {0: (3, 9, 50, 51), 1: (7, 20)}
    rows.write(
        path,
        [
            {"students": 2, "student": student, "filter": number, "community": student}
            for student, numbers in shares.items()
            for number in numbers
        ],
    )
    return path


def train_students(images, teacher, assignment, folder, **params):
    """Train two students for two epochs."""
    how = {"teacher": TEACHER, "student": STUDENT, "students": (2,), **TRAINING, "epochs": 2}
    inputs = {"images": images, "teacher": teacher, "assignment": assignment}
    return run_step("train_students", how | params, inputs, folder)


@pytest.fixture(scope="module")
def students(images, teacher, assignment, tmp_path_factory):
    """Return the outputs of two students."""
    return train_students(images, teacher, assignment, tmp_path_factory.mktemp("students"))


def test_activity_is_recorded_in_order(images, trained, teacher, tmp_path):
    """There is a row for each validation image, not negative, whatever the size of a batch."""
    inputs = {"images": images, "weights": teacher}
    found = [
        arrays.read_folder(
            run_step(
                "record_activity",
                {"network": TEACHER, "batch_size": size},
                inputs,
                tmp_path / str(size),
            )["activity"]
        )
        for size in (24, 7)
    ]

    assert found[0]["activity"].shape == (24, 64)
    assert found[0]["activity"].dtype == np.float32
    assert found[0]["activity"].min() >= 0
    assert np.allclose(found[0]["activity"], found[1]["activity"], atol=1e-5)
    assert found[0]["label"].tolist() == arrays.read_folder(images)["validation_labels"].tolist()
    right = found[0]["predicted"] == found[0]["label"]
    assert 100 * right.sum() / 24 == rows.read(trained["scores"])[0]["validation_accuracy"]


def test_scores_state_the_largest_node(students):
    """A row has the columns of the table and the parameters of the student with most filters."""
    params = StudentsParams(
        teacher=TEACHER, student=STUDENT, students=(2,), **{**TRAINING, "epochs": 2}
    )
    (row,) = rows.read(students["scores"])

    assert list(row) == SCORES
    assert row["role"] == "nonn"
    assert row["parameters"] == architecture.student(params.student, 4).parameters
    assert row["students"] == 2
    assert row["partition"] == "communities"
    assert row["distilled"] is True
    assert row["training"] == "together"


def test_weights_of_all_systems_in_one_file(students):
    """The weights of two students stand under n2, with one head over six features."""
    weights = arrays.read_weights(students["weights"])

    assert {name.split(".")[1] for name in weights} == {"student0", "student1", "head"}
    assert weights["n2.head.weight"].shape == (4, 6)
    assert weights["n2.student0.bridge.0.weight"].shape[0] == 4


def test_released_students_train(images, teacher, assignment, tmp_path):
    """As released, one trunk is trained under both bridges, and a random partition is told so."""
    found = train_students(images, teacher, assignment, tmp_path, partition="random", **RELEASED)

    weights = arrays.read_weights(found["weights"])
    assert {name.split(".")[1] for name in weights} == {"trunk", "student0", "student1", "head"}
    assert rows.read(found["scores"])[0]["partition"] == "random"
    assert rows.read(found["history"])[0]["network"].endswith("N=2 random")


def host(warm_up: int = 1, samples: int = 3) -> Host:
    """Give this machine, and how often it is asked."""
    return Host(
        kind="host",
        device="host",
        says="Here",
        warm_up=warm_up,
        samples=samples,
        tolerance=0.5,
    )


def test_released_model_goes_with_released_loss():
    """A spec cannot mix the released model with the corrected loss."""
    with pytest.raises(ValidationError, match="element_mean"):
        StudentsParams(teacher=TEACHER, student=STUDENT, students=(2,), compat=True, **TRAINING)


def test_the_baseline_is_trained_with_and_without_the_teacher(images, teacher, tmp_path):
    """Two rows of the same network, which learnt from the same start to different weights."""
    params = {"network": STUDENT, "teacher": TEACHER, **TRAINING, "epochs": 2}
    inputs = {"images": images, "teacher": teacher}
    found = run_step("train_single", params, inputs, tmp_path)

    scores, weights = rows.read(found["scores"]), arrays.read_weights(found["weights"])
    assert [list(row) for row in scores] == [SCORES, SCORES]
    assert [row["role"] for row in scores] == ["alone", "alone"]
    assert [row["distilled"] for row in scores] == [False, True]
    assert [row["training"] for row in scores] == ["none", "none"]
    assert not np.array_equal(weights["alone.head.weight"], weights["distilled.head.weight"])


def test_latency_keeps_every_sample(images, teacher, students, tmp_path):
    """The record has the samples of the teacher, of each student and of the head, in whole ns."""
    inputs = {"images": images, "teacher": teacher, "students": students["weights"]}
    found = run_step(
        "measure_latency", LATENCY, inputs, tmp_path, device=host(warm_up=2, samples=5)
    )

    record = jsonfile.read(found["record"])
    assert list(record["series"]) == ["n2-head", "n2-student0", "n2-student1", "teacher"]
    assert record["clock"] == "time.perf_counter_ns"
    assert record["warm_up"] == 2
    for series in record["series"].values():
        assert series["unit"] == "ns"
        assert len(series["samples"]) == 5
        assert all(isinstance(sample, int) and sample > 0 for sample in series["samples"])


def test_latency_needs_a_device(images, teacher, students, tmp_path):
    """Without a device the stage says what its spec lacks."""
    inputs = {"images": images, "teacher": teacher, "students": students["weights"]}

    with pytest.raises(HarnessError, match="names no device"):
        run_step("measure_latency", LATENCY, inputs, tmp_path)


def test_latency_of_students_that_were_not_trained(images, teacher, students, tmp_path):
    """The message names the number of students that the weights do not hold."""
    inputs = {"images": images, "teacher": teacher, "students": students["weights"]}
    params = {**LATENCY, "students": (3,)}

    with pytest.raises(HarnessError, match="no system of 3 students"):
        run_step("measure_latency", params, inputs, tmp_path, device=host())
