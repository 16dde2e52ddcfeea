"""The training loop: the same bytes in another process, after a kill, in another order."""

import os
import subprocess
import sys
from pathlib import Path

import nonn_stage
import pytest
from interruption import KillError, StopAfter
from nonn_stage import AUGMENT, STUDENT, TEACHER, TRAINING, run_step, train_teacher

from harness.formats import arrays, rows
from reproductions.nonn.params.training import Training
from reproductions.nonn.training import rate

ROOT = Path(__file__).parents[2]


def contents(outputs):
    """Return the bytes of every output file."""
    return {name: path.read_bytes() for name, path in outputs.items()}


@pytest.fixture(scope="module")
def teacher(images, tmp_path_factory):
    """Return the outputs of the small teacher."""
    return train_teacher(images, tmp_path_factory.mktemp("teacher"))


@pytest.fixture(scope="module")
def assignment(tmp_path_factory):
    """Return a partition of 64 filters for one, two and three students."""
    path = tmp_path_factory.mktemp("partition") / "assignment.csv"
    found = [
        {"students": students, "student": number % students, "filter": number, "community": 0}
        for students in (1, 2, 3)
        for number in range(20, 40)
    ]
    rows.write(path, found)
    return path


def students(images, teacher, assignment, folder, numbers=(2,), **how):
    """Train systems of `numbers` students; `params` among `how` changes their training."""
    params = {"teacher": TEACHER, "student": STUDENT, "students": numbers, **TRAINING}
    params |= how.pop("params", {})
    inputs = {"images": images, "teacher": teacher["weights"], "assignment": assignment}
    return run_step("train_students", params, inputs, folder, **how)


def test_the_teacher_learns(teacher):
    """The loss falls, and the small teacher tells the quarters apart."""
    history, scores = rows.read(teacher["history"]), rows.read(teacher["scores"])

    assert [row["epoch"] for row in history] == [1, 2, 3, 4]
    assert history[-1]["loss"] < history[0]["loss"]
    assert scores[0]["accuracy"] > 90
    assert scores[0]["parameters"] * 4 == scores[0]["bytes"]


def test_two_processes_give_the_same_bytes(images, teacher, tmp_path):
    """Another process with another hash seed and more threads on offer writes the same files."""
    environment = {**os.environ, "PYTHONHASHSEED": "77", "OMP_NUM_THREADS": "2"}
    environment["PYTHONPATH"] = str(ROOT)
    program = [sys.executable, nonn_stage.__file__, str(images), str(tmp_path)]
    subprocess.run(program, check=True, env=environment, cwd=tmp_path)

    other = {name: tmp_path / name / path.name for name, path in teacher.items()}
    assert contents(other) == contents(teacher)


@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_a_killed_training_goes_on_to_the_same_bytes(images, teacher, tmp_path, epochs):
    """Killed after any epoch and started again, the training writes what it would have written."""
    checkpoint = tmp_path / "checkpoint"
    with pytest.raises(KillError):
        train_teacher(images, tmp_path / "one", checkpoint=checkpoint, progress=StopAfter(epochs))
    resumed = train_teacher(images, tmp_path / "two", checkpoint=checkpoint)

    assert contents(resumed) == contents(teacher)


def test_killed_students_go_on_to_the_same_bytes(images, teacher, assignment, tmp_path):
    """Killed between two systems and within the second, they end as without the kills."""

    def train(name, **how):
        params = {"augment": AUGMENT}
        folder = tmp_path / name
        return students(images, teacher, assignment, folder, (1, 2), params=params, **how)

    checkpoint = tmp_path / "checkpoint"
    for stop in (4, 6):
        with pytest.raises(KillError):
            train(f"killed{stop}", checkpoint=checkpoint, progress=StopAfter(stop))
    resumed = train("resumed", checkpoint=checkpoint)

    assert contents(resumed) == contents(train("whole"))


def test_systems_do_not_depend_on_each_other(images, teacher, assignment, tmp_path):
    """A system of two students has the same weights beside others, after them, and alone."""
    params = {"params": {"epochs": 2}}
    both = students(images, teacher, assignment, tmp_path / "a", (3, 2), **params)
    alone = students(images, teacher, assignment, tmp_path / "b", (2,), **params)

    together, single = (arrays.read_weights(found["weights"]) for found in (both, alone))
    assert single
    assert all((together[name] == value).all() for name, value in single.items())


def test_the_best_epoch_is_chosen_on_validation(images, tmp_path):
    """The weights are those of the last epoch among the best on validation images."""
    found = train_teacher(images, tmp_path / "all")
    accuracies = [row["validation_accuracy"] for row in rows.read(found["history"])]
    best = max(epoch for epoch, value in enumerate(accuracies, 1) if value == max(accuracies))
    params = {"network": TEACHER, **TRAINING, "epochs": best}
    short = run_step("train_teacher", params, {"images": images}, tmp_path / "short")

    assert short["weights"].read_bytes() == found["weights"].read_bytes()
    assert rows.read(found["scores"])[0]["validation_accuracy"] == max(accuracies)


def test_test_images_play_no_part(images, teacher, tmp_path):
    """With other test images only the test accuracy changes."""
    content = dict(arrays.read_folder(images))
    content["test_images"] = 16 - content["test_images"]
    arrays.write_folder(tmp_path / "images", content, arrays.about(images))
    other = train_teacher(tmp_path / "images", tmp_path / "out")

    first, second = rows.read(teacher["scores"])[0], rows.read(other["scores"])[0]
    assert other["weights"].read_bytes() == teacher["weights"].read_bytes()
    assert other["history"].read_bytes() == teacher["history"].read_bytes()
    assert first.pop("accuracy") != second.pop("accuracy")
    assert first == second


def test_seeds_differ(images, teacher, tmp_path):
    """Another seed gives other weights."""
    other = train_teacher(images, tmp_path, seed=1)

    assert other["weights"].read_bytes() != teacher["weights"].read_bytes()


def test_rate_falls_in_steps():
    """The learning rate is multiplied by gamma after every `step` epochs."""
    how = Training(learning_rate=0.1, schedule={"step": 2, "gamma": 0.2})

    assert [rate(how, epoch) for epoch in range(5)] == pytest.approx([0.1, 0.1, 0.02, 0.02, 0.004])
