"""The steps that train teachers, ensembles, widths alone and variants."""

import subprocess
import sys

import ensemble_training_stage as stage
import pytest

from harness.errors import HarnessError
from harness.formats import arrays, rows
from reproductions.naming import within

SCORES = ["system", "bits", "accuracy", "validation_accuracy", "top5"]


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Give the folder of the images."""
    return stage.write_images(tmp_path_factory.mktemp("data") / "images")


@pytest.fixture(scope="module")
def teacher(images, tmp_path_factory):
    """Give the outputs of a teacher's training."""
    params = {"epochs": 1, "batch_size": 16, "network": stage.FROZEN["network"]}
    return stage.run_step("train_teacher", params, {"images": images}, tmp_path_factory.mktemp("t"))


def ensemble(images, folder, inputs=None, **fields):
    """Train an ensemble; return the paths of what it writes."""
    return stage.run_step(
        "train_ensemble", stage.TRAINING | fields, {"images": images} | (inputs or {}), folder
    )


def test_two_processes_write_the_same_bytes(tmp_path):
    """Every output of a training with a teacher along has equal bytes in two fresh processes."""
    told = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        done = subprocess.run(
            [sys.executable, stage.__file__, str(tmp_path / name)],
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        told.append(done.stdout)

    assert told[0] == told[1]
    assert "agreement" in told[0]


def test_a_teacher_is_trained_and_teaches(images, teacher, tmp_path):
    """A trained teacher's values are the input of an ensemble that it teaches, frozen."""
    found = ensemble(
        images, tmp_path, {"teacher": teacher["weights"]}, system="simple",
        teaching={"mode": "simple"}, teacher=stage.FROZEN,
    )  # fmt: skip
    scores, agreement = rows.read(found["scores"]), rows.read(found["agreement"])

    assert list(rows.read(teacher["scores"])[0]) == SCORES
    assert [list(row) for row in scores] == [SCORES] * 3
    assert [(row["system"], row["bits"]) for row in scores] == [
        ("simple", 32), ("simple", 4), ("simple", 1)
    ]  # fmt: skip
    assert list(agreement[0]) == ["system", "bits", "against", "top1", "kl", "kl_swapped"]
    assert (agreement[0]["top1"], agreement[0]["kl"]) == (100.0, 0.0)
    assert list(rows.read(found["gradients"])[0]) == ["system", "epoch", "bits", "norm"]


def test_two_stages_and_an_ensemble_teacher(images, tmp_path):
    """The second stage starts from the first one's values and is taught by them, maps matched."""
    first = ensemble(images, tmp_path / "first", quantisation={"full_weights": True})
    given = {"start": first["weights"], "ensemble_teacher": first["weights"]}
    guide = {"mode": "frozen", "ensemble": {"widths": (32, 4, 1)}}
    second = ensemble(
        images, tmp_path / "second", given, teacher=guide, learning_rate=1e-9,
        teaching={"mode": "simple", "attention": {}},
    )  # fmt: skip
    name = "stage2.block1.conv.weight"
    before, after = (arrays.read_weights(one["weights"])[name] for one in (first, second))

    assert abs(before - after).max() < 1e-6


def test_unmeasured_gradients_keep_their_columns(images, tmp_path):
    """A training without gradient norms writes their table with empty cells."""
    found = rows.read(ensemble(images, tmp_path, gradients=False)["gradients"])

    assert [(row["bits"], row["norm"]) for row in found] == [(32, None), (4, None), (1, None)]


def test_each_width_alone(images, tmp_path):
    """Each width has its own values under its name, and a row."""
    params = stage.TRAINING | {"widths": (4, 1)}
    found = stage.run_step("train_separate", params, {"images": images}, tmp_path)
    weights = arrays.read_weights(found["weights"])

    assert set(weights) == {
        f"separate{bits}.{name}" for bits in (4, 1) for name in within(f"separate{bits}", weights)
    }
    assert [(row["system"], row["bits"]) for row in rows.read(found["scores"])] == [
        ("separate", 4), ("separate", 1)
    ]  # fmt: skip


def test_variants_of_one_ensemble(images, teacher, tmp_path):
    """Each variant has rows under its name, and other values than the base."""
    params = {
        "base": stage.TRAINING | {"teaching": {"mode": "simple"}, "teacher": stage.FROZEN},
        "variants": (
            {"name": "fixed"},
            {"name": "padded", "quantisation": {"padding": "minus_one"}},
            {"name": "alone", "teaching": {"mode": "none"}, "training": {"teacher": None}},
        ),
    }
    inputs = {"images": images, "teacher": teacher["weights"]}
    found = stage.run_step("train_variants", params, inputs, tmp_path)
    norms = {row["system"]: row["norm"] for row in rows.read(found["gradients"])}

    assert [row["system"] for row in rows.read(found["scores"])] == [
        name for name in ("fixed", "padded", "alone") for _ in range(3)
    ]
    assert len(set(norms.values())) == 3


def test_what_does_not_fit_is_refused(images, teacher, tmp_path):
    """A missing, unused or strange input, and other classes, are errors that say what to do."""
    given = {"teacher": teacher["weights"]}
    simple = {"teaching": {"mode": "simple"}, "teacher": stage.FROZEN}
    with pytest.raises(HarnessError, match="the input 'teacher', are not there"):
        ensemble(images, tmp_path, **simple)
    with pytest.raises(HarnessError, match="no frozen teacher that it would be of"):
        ensemble(images, tmp_path, given)
    with pytest.raises(HarnessError, match="the input 'start' do not fit"):
        ensemble(images, tmp_path, {"start": teacher["weights"]})
    network = stage.NETWORK | {"classes": 5}
    five = stage.write_images(tmp_path / "five", 5)
    with pytest.raises(HarnessError, match=r"'teacher' tells 3 classes apart.* teach 5"):
        ensemble(five, tmp_path, given, **simple, network=network)
    with pytest.raises(HarnessError, match=r"in 5 classes; dataset 'stripes', train has .* 3 cl"):
        ensemble(images, tmp_path, network=network)
