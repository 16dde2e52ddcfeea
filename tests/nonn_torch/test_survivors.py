"""Students that do not answer: what the head hears, and how often it is right then."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from nonn_stage import SMALL, STUDENT, TEACHER, TRAINING, run_step, train_teacher

from harness.errors import HarnessError
from harness.formats import arrays, rows
from harness.stage.checkpoint import Checkpoint
from harness.stage.inputs import Inputs
from harness.stage.progress import Progress
from harness.stage.run import Run
from reproductions.naming import under
from reproductions.nonn.evaluation import accuracy, answers
from reproductions.nonn.images import read_split
from reproductions.nonn.params.network import WideResNet
from reproductions.nonn.params.survivors import SurvivorsParams
from reproductions.nonn.students import build
from reproductions.nonn.students import trained as read_back
from reproductions.nonn.survivors import heard, subset_accuracies, subsets, surviving
from reproductions.nonn.weights import snapshot

TINY = WideResNet(family="wrn", depth=10, width=1, **SMALL)
RUN = Run("nonn", "students", 0, Checkpoint(None), Progress("students"))


def generator(seed=0):
    """Return a seeded source of chance."""
    return np.random.Generator(np.random.PCG64(seed))


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.floats(0, 0.99))
@settings(max_examples=30)
def test_somebody_answers_always(seed, students, dropout):
    """For every image one student at least is left, and without dropout all are."""
    alive = surviving(generator(seed), 20, students, dropout)

    assert alive.shape == (20, students)
    assert alive.any(axis=1).all()
    assert dropout > 0 or alive.all()


def test_students_are_left_out_as_often_as_asked():
    """Of many students the share of the dropout is left out, within four standard deviations."""
    alive = surviving(generator(), 5000, 8, 0.3)

    assert abs((~alive).mean() - 0.3) < 4 * (0.3 * 0.7 / alive.size) ** 0.5


def test_all_students_are_heard_as_they_are():
    """When all answer, the head hears the very bits."""
    features = torch.rand((3, 5), generator=torch.Generator().manual_seed(0))

    assert torch.equal(heard(features, [3, 2], torch.ones((1, 2))), features)


def test_losing_a_student_means_subtracting_its_part():
    """The logits of a subset are the bias and the scaled parts of those who answer."""
    system = build(TINY, [3, 2, 4], compat=False, run=RUN).eval()
    features = torch.rand((5, 9), generator=torch.Generator().manual_seed(0))
    first, second, third = torch.split(system.head.weight, [3, 2, 4], dim=1)
    parts = [features[:, :3] @ first.T, features[:, 3:5] @ second.T, features[:, 5:] @ third.T]

    for chosen in subsets(3):
        alive = torch.tensor([[place in chosen for place in range(3)]])
        said = system.head(heard(features, system.sizes, alive))
        summed = system.head.bias + 3 / len(chosen) * sum(parts[place] for place in chosen)
        assert torch.allclose(said, summed, atol=1e-5)


def test_subsets_are_all_there():
    """There are 2^N - 1 subsets, all distinct, the whole first."""
    found = list(subsets(4))

    assert len(set(found)) == 15
    assert found[0] == (0, 1, 2, 3)


def test_accuracy_of_every_subset(images):
    """The whole has the accuracy of the system, and a subset that of the system with it alone."""
    split = read_split(Inputs({"images": {None: images}}), "validation", TINY)
    system = build(TINY, [3, 2], compat=False, run=RUN)

    found = {row["answering"]: row for row in subset_accuracies(system, split, 7)}
    assert list(found) == ["0+1", "0", "1"]
    assert found["0+1"]["accuracy"] == accuracy(system, split, 7)
    assert [row["surviving"] for row in found.values()] == [2, 1, 1]
    with torch.no_grad():
        system.head.weight[:, :3] = 0
        system.head.weight[:, 3:] *= 2
    assert found["1"]["accuracy"] == accuracy(system, split, 7)


@pytest.fixture(scope="module")
def trained(images, tmp_path_factory):
    """Return a function that trains two students with a dropout and gives their accuracies."""
    folder = tmp_path_factory.mktemp("trained")
    teacher = train_teacher(images, folder / "teacher")["weights"]
    rows.write(
        folder / "assignment.csv",
        [
            {"students": 2, "student": number % 2, "filter": number, "community": 0}
            for number in range(20, 60)
        ],
    )
    inputs = {"images": images, "teacher": teacher, "assignment": folder / "assignment.csv"}

    def train(dropout, name):
        how = {"teacher": TEACHER, "student": STUDENT, "students": (2,), **TRAINING}
        return run_step("train_students", how | {"dropout": dropout}, inputs, folder / name)

    return train


def test_dropout_is_seeded_and_changes_the_training(trained):
    """Two trainings with the same dropout have the same bytes, and other ones than without it."""
    one, two, none = trained(0.5, "one"), trained(0.5, "two"), trained(0.0, "none")

    assert one["weights"].read_bytes() == two["weights"].read_bytes()
    weights, plain = (arrays.read_weights(found["weights"]) for found in (one, none))
    assert any((weights[name] != plain[name]).any() for name in weights)
    told = [rows.read(found["scores"])[0]["training"] for found in (one, none)]
    assert told == ["together-dropout", "together"]


def test_the_step_scores_every_subset_on_test_images(trained, images, tmp_path):
    """There is a row for each subset; the whole has the accuracy on the images of the test."""
    found = trained(0.0, "scored")
    params = {"student": STUDENT, "students": (2,), "dropout": 0.25, "batch_size": 7}
    inputs = {"images": images, "students": found["weights"]}

    scored = rows.read(run_step("score_survivors", params, inputs, tmp_path)["rows"])

    assert [(row["answering"], row["surviving"]) for row in scored] == [("0+1", 2), (0, 1), (1, 1)]
    assert {row["dropout"] for row in scored} == {0.25}
    assert scored[0]["accuracy"] == rows.read(found["scores"])[0]["accuracy"]

    network = SurvivorsParams.model_validate(params).student
    split = read_split(Inputs({"images": {None: images}}), "test", network)
    system = read_back(network, arrays.read_weights(found["weights"]), 2)
    ((_, logits, _),) = answers(system, split, len(split))
    agreeing = arrays.read_folder(images) | {"test_labels": logits.argmax(1).numpy()}
    arrays.write_folder(tmp_path / "agreeing", agreeing, arrays.about(images))
    inputs["images"] = tmp_path / "agreeing"
    (whole, *_) = rows.read(run_step("score_survivors", params, inputs, tmp_path / "again")["rows"])
    assert whole["accuracy"] == 100


def test_a_trained_system_is_read_back():
    """It has the sizes and the very weights that were kept, and is in evaluation mode."""
    system = build(TINY, [3, 2], compat=False, run=RUN)
    kept = snapshot(system)

    found = read_back(TINY, under("n2", kept) | under("n3", {"head.bias": kept["head.bias"]}), 2)

    assert found.sizes == (3, 2)
    assert not found.training
    assert all(np.array_equal(value, kept[name]) for name, value in snapshot(found).items())


def test_a_shared_backbone_is_refused():
    """The released model has no students of their own, and the message says why."""
    shared = build(TINY, [3, 2], compat=True, run=RUN)

    with pytest.raises(HarnessError, match=r"no system of 2 students .* one backbone") as caught:
        read_back(TINY, under("n2", snapshot(shared)), 2)

    assert "compat" in caught.value.remedy


def test_a_system_that_was_not_trained_is_named(trained, images, tmp_path):
    """Asking for another number of students names what the weights lack."""
    inputs = {"images": images, "students": trained(0.0, "named")["weights"]}

    with pytest.raises(HarnessError, match="no system of 3 students of their own"):
        run_step("score_survivors", {"student": STUDENT, "students": (3,)}, inputs, tmp_path)
