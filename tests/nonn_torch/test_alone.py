"""Students that are trained alone: one after another, in processes, and after a kill."""

import pytest
import torch
from interruption import KillError
from nonn_stage import SMALL, STUDENT, TEACHER, TRAINING, run_step, train_teacher
from pydantic import ValidationError

from harness.errors import HarnessError
from harness.formats import arrays, jsonfile, rows
from harness.stage.checkpoint import Checkpoint
from harness.stage.progress import Progress
from harness.stage.run import Run
from reproductions.nonn import alone
from reproductions.nonn.params.network import WideResNet
from reproductions.nonn.params.students import StudentsParams
from reproductions.nonn.students import build
from reproductions.nonn.weights import snapshot

HOW = {
    "teacher": TEACHER,
    "student": STUDENT,
    "students": (3,),
    **TRAINING,
    "epochs": 2,
    "training": "alone",
}


@pytest.fixture(scope="module")
def inputs(images, tmp_path_factory):
    """Return the inputs of a training of students: images, teacher and assignment."""
    folder = tmp_path_factory.mktemp("inputs")
    found = [
        {"students": students, "student": number % students, "filter": number, "community": 0}
        for students in (2, 3)
        for number in range(20, 40)
    ]
    rows.write(folder / "assignment.csv", found)
    teacher = train_teacher(images, folder / "teacher")["weights"]
    return {"images": images, "teacher": teacher, "assignment": folder / "assignment.csv"}


@pytest.fixture(scope="module")
def one_by_one(inputs, tmp_path_factory):
    """Return the outputs of three students that were trained one after another."""
    return run_step("train_students", HOW, inputs, tmp_path_factory.mktemp("one"))


def contents(outputs):
    """Return the bytes of every output file."""
    return {name: path.read_bytes() for name, path in outputs.items()}


def test_processes_change_no_byte(inputs, one_by_one, tmp_path):
    """Students that were trained two at a time, in processes, are those of one after another."""
    apart = run_step("train_students", HOW | {"processes": 2}, inputs, tmp_path)

    assert contents(apart) == contents(one_by_one)


def test_a_kill_changes_no_byte(inputs, one_by_one, tmp_path):
    """Killed within a student and within the head, the training ends as without the kills."""
    checkpoint = tmp_path / "checkpoint.safetensors"
    for kill in (3, 4):
        told = []

        def stop(done, _total, _note="", told=told, kill=kill):
            told.append(done)
            if len(told) == kill:
                raise KillError

        with pytest.raises(KillError):
            run_step(
                "train_students", HOW, inputs, tmp_path / str(kill),
                checkpoint=checkpoint, progress=stop,
            )  # fmt: skip
        assert told[-1] < 3
    resumed = run_step("train_students", HOW, inputs, tmp_path / "end", checkpoint=checkpoint)

    assert contents(resumed) == contents(one_by_one)


def test_the_history_tells_students_and_head_apart(one_by_one):
    """Each student and the head have their epochs, and the weights are those of a system."""
    history, weights = rows.read(one_by_one["history"]), arrays.read_weights(one_by_one["weights"])

    parts = [(row["network"].partition("N=3 ")[2], row["epoch"]) for row in history]
    assert parts == [
        (part, epoch) for part in ("student 0", "student 1", "student 2", "head")
        for epoch in (1, 2)
    ]  # fmt: skip
    assert {name.split(".")[1] for name in weights} == {"student0", "student1", "student2", "head"}
    assert weights["n3.head.weight"].shape == (4, 20)


def test_a_student_does_not_depend_on_the_others(inputs, one_by_one, tmp_path):
    """With other filters for the second student the first one keeps its bytes."""
    assignment = rows.read(inputs["assignment"])
    others = [row | {"filter": row["filter"] + 20 * (row["student"] == 1)} for row in assignment]
    rows.write(tmp_path / "assignment.csv", others)
    changed = inputs | {"assignment": tmp_path / "assignment.csv"}
    found = run_step("train_students", HOW, changed, tmp_path / "out")

    one, other = (arrays.read_weights(out["weights"]) for out in (one_by_one, found))
    same = {name.split(".")[1] for name in one if (one[name] == other[name]).all()}
    different = {name.split(".")[1] for name in one if (one[name] != other[name]).any()}
    assert {"student0", "student2"} <= same - different
    assert "student1" in different


def test_dropout_reaches_the_head(inputs, one_by_one, tmp_path):
    """With student dropout the students keep their bytes and the head has other ones."""
    found = run_step("train_students", HOW | {"dropout": 0.5}, inputs, tmp_path)

    one, other = (arrays.read_weights(out["weights"]) for out in (one_by_one, found))
    different = {name.split(".")[1] for name in one if (one[name] != other[name]).any()}
    assert different == {"head"}


def test_the_head_listens_to_students_that_do_not_change():
    """Training the head moves neither a weight nor a statistic of a student."""
    network = WideResNet(family="wrn", depth=10, width=1, **SMALL)
    run = Run("nonn", "students", 0, Checkpoint(None), Progress("students"))
    system = build(network, [3, 2], compat=False, run=run)
    model = alone.Listening(system).train()
    before = snapshot(system)
    torch.autograd.backward(model(torch.rand(4, 1, 8, 8))[0].sum())

    assert [name for name, _ in model.named_parameters()] == ["head.weight", "head.bias"]
    assert [name for name, value in system.named_parameters() if value.grad is not None] == [
        "head.weight", "head.bias",
    ]  # fmt: skip
    assert all((value == before[name]).all() for name, value in snapshot(system).items())


def test_a_process_that_fails_is_told(inputs, tmp_path, capfd):
    """When a student's process refuses its inputs, the stage names the student and what to do."""
    params = StudentsParams(**HOW).model_dump(mode="json")
    paths = {name: [[None, str(path)]] for name, path in inputs.items()}
    job = tmp_path / "student0.json"
    jsonfile.write(
        job,
        {"inputs": paths | {"assignment": [[None, "/nowhere.csv"]]}, "params": params,
         "students": 2, "place": 0, "run": ["nonn", "students", 0], "checkpoint": "/nowhere"},
    )  # fmt: skip

    with pytest.raises(HarnessError, match="student0 ended early"):
        alone._wait_for([job])
    assert "/nowhere.csv: cannot be read" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"transfer": {"normalisation": "joint"}}, "per_student"),
        ({"training": "together", "processes": 2}, "training: alone"),
        (
            {"compat": True, "knowledge": {"kl": "element_mean"},
             "transfer": {"normalisation": "joint"}},
            "alone",
        ),
    ],
)  # fmt: skip
def test_what_does_not_go_together(change, said):
    """Joint normalisation, one backbone, or processes for students together, are refused."""
    with pytest.raises(ValidationError, match=said):
        StudentsParams(**(HOW | change))
