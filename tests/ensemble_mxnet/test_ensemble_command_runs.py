"""Real runs of the command line: resuming, stages, teachers, files, faults."""

import subprocess
import sys

import numpy as np
import pytest
from ensemble_commands import SMALL, STEM, Commands

from reproductions.ensemble_kd.leaving import params_file

SEVERAL = SMALL.replace("--batch-size 32 --test-run", "--batch-size 400")
"""With three batches an epoch."""

ALONG = (
    "--kd-mode progressive --kd-teacher-mode untrained_external --teacher resnet_e1 "
    "--teacher-width-multiplier 0.0625"
)
WIDTHS = "--bit-widths 32 4 1"


@pytest.fixture
def commands(tmp_path, monkeypatch):
    """Give commands that run in an empty folder."""
    return Commands(tmp_path, monkeypatch)


def _content(commands, stem, ends):
    return {end: (commands.out / f"{stem}{end}").read_bytes() for end in ends}


def test_two_processes_give_the_same_files(tmp_path):
    """Two processes with the same words and moment write the same files, byte for byte."""
    found = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        words = [*SMALL.split(), *WIDTHS.split(), "--epochs", "2", "--result_path", "out"]
        code = (
            "import os, runpy, sys\n"
            "os.environ['SOURCE_DATE_EPOCH'] = '0'\n"
            f"sys.argv = ['ensemble_kd', *{words!r}]\n"
            "runpy.run_module('reproductions.ensemble_kd', run_name='__main__')\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        found.append({path.name: path.read_bytes() for path in (folder / "out").iterdir()})

    assert sorted(found[0]) == [f"{STEM}{end}" for end in (".csv", ".log", "_best_params.params")]
    assert found[0] == found[1]


def test_resumed_run_is_exact(commands):
    """A run that was stopped and taken up ends with the bytes of one that was not."""
    words = f"{ALONG} --bit-widths 4 1 --epochs 3 --save-frequency 3"
    ends = (".csv", "_best_params.params", "_teacher.params", "_resnet18_e1_1-1bit_0003.states")
    assert commands(f"{words} --log whole", SEVERAL) == 0
    assert commands(f"{words} --log parts --interrupt-at 1", SEVERAL) == 3
    states = [name for name in commands.names() if name.endswith("_0001.states")]
    start = f"out/{states[0].removesuffix('.states')}"

    resume = f"--resume {start}.params --resume-states {start}.states --start-epoch 1"
    assert commands(f"{words} --log parts {resume}", SEVERAL) == 0

    whole = _content(commands, "whole_1970-01-01_00-00-00", ends)
    assert whole == _content(commands, "parts_1970-01-01_00-00-00_2", ends)
    assert not [name for name in commands.names() if name.endswith("00-00-00.states")]


def test_resumed_run_has_the_best_of_before(commands):
    """A run that is taken up after its best epoch keeps that epoch's parameters as its own."""
    words = f"{WIDTHS} --epochs 3 --interrupt-at"
    assert commands(f"{words} 1 --log one") == 3
    start = "out/one_1970-01-01_00-00-00_0001"
    resume = f"--resume {start}.params --resume-states {start}.states --start-epoch 1"

    assert commands(f"{words} 2 --log two {resume} --lr 1e-9") == 3

    assert "two_1970-01-01_00-00-00_best_params.params" in commands.names()


def test_stopped_run_says_how_to_go_on(commands):
    """A run that --interrupt-at stops exits with 3, and its log has the words that go on."""
    assert commands(f"{WIDTHS} --epochs 3 --interrupt-at 1") == 3

    params = f"{STEM}_0001.params"
    assert f"go on with --resume out/{params} --resume-states " in commands.log()
    assert commands(f"{WIDTHS} --epochs 3 --resume out/{params} --start-epoch 1") == 0
    log = commands.log(f"{STEM}_2")
    assert "--start-epoch without --resume-states" in log
    assert [row["epoch"] for row in commands.table(f"{STEM}_2")] == [2, 2, 2, 3, 3, 3]
    assert "rate 0," in log


def test_diverging_run_keeps_what_was_good(commands, capsys):
    """A loss that is no longer finite ends the run with 2; the log says so and how to go on."""
    words = f"{WIDTHS} --epochs 6 --lr 10 --optimizer sgd --wd 1 --lr-mode poly"

    assert commands(words, SEVERAL) == 2

    assert "is no longer finite" in capsys.readouterr().err
    assert "broken off" in commands.log()
    params = commands.params("_best_params")
    assert all(np.isfinite(value).all() for value in params.values())


def test_two_stages(commands):
    """Two stages leave the files of both, and the second begins with the best of the first."""
    words = f"{ALONG} {WIDTHS} --two-stage --epochs 1"

    assert commands(words) == 0

    assert commands.names() == sorted(
        f"{STEM}{end}"
        for end in (
            ".csv", ".log", "_best_params.params", "_fpweights.csv",
            "_fpweights_best_params.params", "_fpweights_teacher.params",
        )
    )  # fmt: skip
    assert [row["bits"] for row in commands.table(f"{STEM}_fpweights")] == [32, 4, 1, "teacher"]
    # The rate of one step alone is the whole one: the second stage's first loss is of the first's.
    assert [row["bits"] for row in commands.table()] == [32, 4, 1]


def test_taught_teacher(commands):
    """An ensemble teacher that learns, and its own teacher, have rows and files of their own."""
    words = (
        f"{WIDTHS} --kd-mode simple --kd-teacher-mode untrained_external --ensemble-teacher "
        "--teacher-teacher resnet_e1 --tt-kd-mode simple --teacher-width-multiplier 0.0625 "
        "--epochs 1"
    )

    assert commands(words) == 0

    assert [row["bits"] for row in commands.table()] == [
        32, 4, 1, "teacher_32", "teacher_4", "teacher_1", "teacher_t",
    ]  # fmt: skip
    for end in ("_best_params", "_teacher", "_t_teacher"):
        assert commands.params(end)


def test_teacher_alone_is_taken_up(commands):
    """A teacher that is trained alone stops and goes on like an ensemble."""
    words = "--train-teacher --teacher resnet_e1 --teacher-width-multiplier 0.0625 --epochs 2"
    assert commands(f"{words} --log whole") == 0
    assert commands(f"{words} --log parts --interrupt-at 1") == 3
    start = "out/parts_1970-01-01_00-00-00_0001"

    resume = f"--resume {start}.params --resume-states {start}.states --start-epoch 1"
    assert commands(f"{words} --log parts {resume}") == 0

    ends = (".csv", "_teacher.params")
    whole = _content(commands, "whole_1970-01-01_00-00-00", ends)
    assert whole == _content(commands, "parts_1970-01-01_00-00-00_2", ends)


@pytest.mark.parametrize(
    "words",
    [
        "--kd-mode simple --kd-teacher-mode internal",
        "--kd-mode progressive --compat",
        "--activation-method pact --wd-alpha 0.001 --approximation xnor",
        "--initialization msraprelu_avg --optimizer nag --lr-mode poly --add-activation prelu",
        "--lr-mode step --lr-factor 0.5 --balance gradient_norm --member-weights 1 2 3",
        "--mode imperative --dataset dummy --batch-size 8 --padding minus_one --identity-clip",
    ],
)
def test_other_forms_train(commands, words):
    """Each further form of ensemble and of training runs, and its log says what was asked for."""
    assert commands(f"{WIDTHS} --epochs 1 {words}") == 0

    assert [row["bits"] for row in commands.table()] == [32, 4, 1]


def test_hybrid_and_imperative_agree(commands):
    """A network that is compiled gives the parameters of one that is not."""
    found = []
    for mode in ("hybrid", "imperative"):
        assert commands(f"{WIDTHS} --epochs 1 --mode {mode} --log {mode}") == 0
        found.append(commands.params("_best_params", f"{mode}_1970-01-01_00-00-00"))

    for name, value in found[0].items():
        np.testing.assert_allclose(found[1][name], value, atol=1e-4, err_msg=name)


def test_progress_and_prefix(commands):
    """The file of --progress tells the epoch, and checkpoints lie where --prefix says."""
    words = "--save-frequency 1 --prefix kept/ --bits 2 --progress progress.txt --epochs 1"

    assert commands(f"{WIDTHS} {words}") == 0

    assert (commands.folder / "progress.txt").read_text() == "epoch 1 of 1\n"
    assert sorted(path.name for path in (commands.folder / "kept").iterdir()) == [
        f"{STEM}_resnet18_e1_2-1bit_0001.{end}" for end in ("params", "states")
    ]


def test_teacher_of_other_classes_is_refused(commands, capsys):
    """A teacher with other classes is refused with both numbers, and nothing is written."""
    words = "--train-teacher --teacher resnet_e1 --teacher-width-multiplier 0.0625 --epochs 1"
    assert commands(words) == 0
    values = commands.params("_teacher")
    values["output.weight"] = np.ones((7, values["output.weight"].shape[1]), np.float32)
    values["output.bias"] = np.ones(7, np.float32)
    params_file.write(commands.folder / "seven.params", values)
    before = commands.names()

    taught = (
        "--kd-mode simple --kd-teacher-mode pretrained_external --teacher resnet_e1 "
        "--teacher-width-multiplier 0.0625 --teacher-params seven.params"
    )
    assert commands(f"{WIDTHS} {taught}") == 2

    said = capsys.readouterr().err
    assert "tells 7 classes apart" in said
    assert "seven.params" in said
    assert before == commands.names()
