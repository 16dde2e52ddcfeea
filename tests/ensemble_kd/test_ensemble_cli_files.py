"""The files of a run: the table's columns, names, and what is refused before any is written."""

from datetime import UTC, datetime

import numpy as np
import pytest
from ensemble_words import BASE, planned

from harness.errors import HarnessError
from harness.stage.checkpoint import Checkpoint
from reproductions.ensemble_kd.architecture.shapes import ensemble_shapes
from reproductions.ensemble_kd.cli.main import main
from reproductions.ensemble_kd.cli.outputs import Results, moment
from reproductions.ensemble_kd.cli.preparation import prepare, summary
from reproductions.ensemble_kd.cli.table import table
from reproductions.ensemble_kd.cli.values import read_given
from reproductions.ensemble_kd.leaving import params_file

SMALL = "--width-multiplier 0.125 --fp-downsample-sc --pool-downsample-sc"
FROZEN = "--kd-mode simple --kd-teacher-mode pretrained_external --ensemble-teacher"
THEN = datetime(1970, 1, 2, 3, 4, 5, tzinfo=UTC)


def _history(learner, bits):
    start = {"system": "command", "epoch": 1, "learner": learner, "bits": bits}
    kinds = ("top1", "top5", "agreement", "kl", "kl_swapped")
    names = [f"{part}_{kind}" for part in ("train", "validation") for kind in kinds]
    return start | {name: float(place) for place, name in enumerate(names)}


def test_table_has_the_columns_of_the_release():
    """A row has epoch, width, accuracies and agreement, of training and test images each."""
    (row,) = table([_history("ensemble", 4)], swapped=False)

    assert list(row) == [
        "epoch", "bits", "top-1 train", "top-5 train", "top-1 test", "top-5 test",
        "top-1 agreement train", "KL agreement train", "top-1 agreement test", "KL agreement test",
    ]  # fmt: skip
    assert list(row.values()) == [1, 4, 0.0, 1.0, 5.0, 6.0, 2.0, 3.0, 7.0, 8.0]


def test_roles_are_swapped_as_published():
    """Under compat the divergence is the other one, of training and test images."""
    (row,) = table([_history("ensemble", 4)], swapped=True)

    assert (row["KL agreement train"], row["KL agreement test"]) == (4.0, 9.0)


def test_teachers_have_their_names():
    """A teacher's row has its name for bits, with a width where it is an ensemble."""
    history = [_history(*one) for one in (("ensemble", 4), ("teacher", 8), ("teacher", 4))]

    found = table([*history, _history("teacher_t", 32)], swapped=False)

    assert [row["bits"] for row in found] == [4, "teacher_8", "teacher_4", "teacher_t"]


def test_moment_is_given_from_outside():
    """SOURCE_DATE_EPOCH is the moment of the names; nonsense in it is refused."""
    assert moment({"SOURCE_DATE_EPOCH": "97445"}) == THEN
    with pytest.raises(HarnessError, match="SOURCE_DATE_EPOCH=soon"):
        moment({"SOURCE_DATE_EPOCH": "soon"})


def test_every_run_has_a_stem_of_its_own(tmp_path):
    """Two runs of one second in one folder leave each other's files alone."""
    found = [Results.begin(tmp_path / "new", "log", THEN).stem for _ in range(3)]

    assert found == [f"log_1970-01-02_03-04-05{end}" for end in ("", "_2", "_3")]


def test_unwritable_result_path_is_refused(tmp_path):
    """A file in the place of the result folder is told of under the argument's name."""
    (tmp_path / "file").write_text("")

    with pytest.raises(HarnessError, match=r"--result_path .*file: nothing can be written there"):
        Results.begin(tmp_path / "file", "log", THEN)


def _values(words=SMALL, classes=10):
    ready = prepare(planned(words))
    description = ready.description
    shapes = ensemble_shapes(description, ready.members)
    found = {name: np.ones(shape, np.float32) for name, shape in shapes.items()}
    return found | {
        "output.weight": np.ones((classes, description.features), np.float32),
        "output.bias": np.ones(classes, np.float32),
    }


@pytest.fixture
def first(tmp_path):
    """Give the parameters of an ensemble as a file."""
    path = tmp_path / "first.params"
    params_file.write(path, _values())
    return path


def test_parameters_of_the_network_are_taken(first):
    """Parameters of the same network are read and belong to it."""
    ready = prepare(planned(f"{SMALL} --resume {first}"))

    assert ready.start is not None
    assert ready.start.widths == (32, 4, 1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--width-multiplier 0.25", "of another shape"),
        ("--bit-widths 32 8 1", "missing: bits8"),
        ("--bit-widths 32 4 --target-bits 4", "left over: bits1"),
    ],
)
def test_parameters_of_another_network_are_refused(first, words, said):
    """Parameters of another network are refused with what does not fit."""
    with pytest.raises(HarnessError) as refused:
        prepare(planned(f"{SMALL} --resume {first} {words}"))

    assert f"--resume {first}" in refused.value.message
    assert said in refused.value.message


@pytest.mark.parametrize(
    "words",
    [
        "--resume",
        f"{FROZEN} --teacher-params",
    ],
)
def test_other_classes_are_refused(tmp_path, words):
    """Parameters for another number of classes are refused with both numbers."""
    path = tmp_path / "seven.params"
    params_file.write(path, _values(classes=7))

    with pytest.raises(HarnessError, match="it is of 7 classes, and --dataset has 10"):
        prepare(planned(f"{SMALL} {words} {path}"))


def test_teacher_without_members_is_refused(tmp_path):
    """An ensemble teacher whose file has no member's values is refused."""
    path = tmp_path / "single.params"
    params_file.write(path, {"output.bias": np.ones(10, np.float32)})
    with pytest.raises(HarnessError, match="it has no values of an ensemble's members"):
        prepare(planned(f"{SMALL} {FROZEN} --teacher-params {path}"))


def _states(path, done, values):
    Checkpoint(path).save(done, {f"values.ensemble.{name}": one for name, one in values.items()})
    return path


def test_states_are_of_their_parameters(tmp_path, first):
    """States are taken with the parameters and the epoch of which they are, and no others."""
    own = _states(tmp_path / "own.states", 3, _values())
    others = _states(
        tmp_path / "others.states", 3, {**_values(), "output.bias": np.zeros(10, "f4")}
    )
    words = f"{SMALL} --resume {first} --start-epoch 3 --resume-states"

    assert prepare(planned(f"{words} {own}")).states.done == 3
    with pytest.raises(HarnessError, match=r"output\.bias is another"):
        prepare(planned(f"{words} {others}"))
    with pytest.raises(HarnessError, match="it is of 3 epochs, and --start-epoch says 2"):
        prepare(planned(f"{words} {own} --start-epoch 2"))


def test_states_have_the_parameters_too(tmp_path):
    """A file of states is taken in the place of a parameter file."""
    path = _states(tmp_path / "live.states", 3, _values())

    found = read_given("--resume", str(path))

    assert found.values.keys() == _values().keys()


@pytest.mark.parametrize("flag", ["--resume", "--resume-states"])
def test_damaged_file_is_refused(tmp_path, first, flag):
    """A file that is none of what it should be is refused by its name."""
    path = tmp_path / ("bad.params" if flag == "--resume" else "bad.states")
    path.write_bytes(b"nonsense")
    start = f"{SMALL} --resume {first} --start-epoch 1"

    with pytest.raises(HarnessError, match="bad"):
        prepare(planned(f"{start} {flag} {path}"))


def test_summary_tells_what_is_trained():
    """The summary names the images, the network and what each member really gets."""
    words = f"{SMALL} --weight-quantization dorefa --activation-method round"

    found = "\n".join(summary(prepare(planned(words))))

    assert "images: digits, 8x8x1, 10 classes" in found
    assert "member of 32 bits: weights identity (32 bits), activations relu (32 bits)" in found
    assert "member of 1 bits: weights det_sign (1 bits), activations round (1 bits)" in found


@pytest.mark.parametrize(
    "words",
    [
        "--resume nowhere.params",
        "--dataset cifar10 --data-path nowhere",
        "--dataset mnist --data-path nowhere",
        "--dataset digits --data-path nowhere",
        "--mode symbolic",
        "--downsample-sc-groups 3",
        "--lr nonsense",
    ],
)
def test_refusal_writes_nothing(tmp_path, monkeypatch, capsys, words):
    """A refused command exits with 2 and one message, and leaves no file."""
    monkeypatch.chdir(tmp_path)

    status = main([*BASE, "--dry-run", "--result_path", "out", *words.split()])

    assert status == 2
    assert capsys.readouterr().err.startswith("python -m reproductions.ensemble_kd: ")
    assert not list(tmp_path.iterdir())


def test_dry_run_writes_nothing(tmp_path, monkeypatch, capsys):
    """A dry run tells the arguments and the network, needs no framework and leaves no file."""
    monkeypatch.chdir(tmp_path)

    assert main([*BASE, "--dry-run", *SMALL.split()]) == 0

    told = capsys.readouterr().out
    assert "bit_widths = [32, 4, 1]" in told
    assert "network: resnet18_e1" in told
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("words", ["", "--dataset imagenet --data-dir . --dry-run"])
def test_missing_framework_is_told(tmp_path, monkeypatch, capsys, words):
    """Where MXNet is not installed, the message says so, and no file is left."""
    import importlib.util

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", {}.get)

    assert main([*BASE, *SMALL.split(), "--result_path", "out", *words.split()]) == 2

    assert "MXNet is not installed" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
