"""The five examples of the release's README run as they are printed, on the embedded digits.

Only paths and data are others, the networks narrow and the epochs short: `_OURS` comes after the
words of an example.
"""

import numpy as np
import pytest
from ensemble_commands import Commands

_OURS = (
    "--dataset digits --width-multiplier 0.0625 --teacher-width-multiplier 0.125 --test-run "
    "--epochs 2 --result_path out"
)
_QUANTISED = (
    "--weight-quantization dorefa --activation-method round --clip-threshold 1.3 "
    "--fp-downsample-sc --pool-downsample-sc"
)
_IMAGENET = (
    f"--model resnet18_e1 --data-dir /data/imagenet1k -j 8 --initial-layers imagenet {_QUANTISED} "
    "--dataset imagenet --epochs 60 --batch-size 128 --log-interval 500 --gpus 0 --lr 0.002 "
    "--lr-mode cosine --bit-widths 32 8 4 2 1 --target-bits 1 --mode hybrid --optimizer radam"
)
_CIFAR = (
    f"--model resnet18_e1 {_QUANTISED} --dataset cifar100 --epochs 150 --batch-size 128 "
    "--log-interval 100 --gpus 0 --lr 0.01 --lr-mode cosine --optimizer radam"
)
_ALL = (32, 8, 4, 2, 1)
FIRST = f"{_IMAGENET} --log /test_run_1_log --result_path ../test_run1/"
SECOND = (
    f"{_IMAGENET} --log test_run_2_log --result_path ../test_run2/ --teacher ResNet18_v1 "
    "--kd-mode simple --kd-teacher-mode pretrained_external"
)
THIRD = (
    f"{_CIFAR} --log test_run3 --bit-widths 32 8 4 2 --target-bits 4 --result_path ../test_run3/ "
    "--wd 0.0001 --teacher cifar_resnet110_v2 --kd-mode progressive --kd-teacher-mode "
    "untrained_external --teacher-lr 0.1 --teacher-wd 0.0001 --teacher-lr-mode cosine "
    "--teacher-optimizer sgd"
)
FOURTH = (
    f"{_CIFAR} --log test_run4 --bit-widths 32 8 4 2 1 --target-bits 1 --result_path "
    "../test_run4/ --fp-weights"
)
FIFTH = (
    f"{_CIFAR} --log test_run5 --bit-widths 32 8 4 2 1 --target-bits 1 --result_path "
    "../test_run5/ --ensemble-teacher --resume first_stage.params --teacher-params "
    "first_stage.params"
)


@pytest.fixture
def commands(tmp_path, monkeypatch):
    """Give commands that run in an empty folder."""
    return Commands(tmp_path, monkeypatch)


def _stem(log):
    return f"{log}_1970-01-01_00-00-00"


def _check_table(commands, log, bits):
    found = commands.table(_stem(log))

    assert [(row["epoch"], row["bits"]) for row in found] == [
        (epoch, one) for epoch in (1, 2) for one in bits
    ]
    assert all(isinstance(value, int | float | str) for row in found for value in row.values())


def test_first_example(commands):
    """Example 1 trains the five widths without distillation."""
    assert commands(_OURS, FIRST) == 0

    _check_table(commands, "test_run_1_log", _ALL)
    assert "note: --gpus is without effect" in commands.log(_stem("test_run_1_log"))


def test_second_example(commands):
    """Example 2 distils from a teacher that was trained before, whose file is its only addition."""
    trained = "--train-teacher --teacher ResNet18_v1 --log taught"
    assert commands(f"{trained} {_OURS}", "--model resnet18_e1") == 0
    (path,) = commands.out.glob("taught*_teacher.params")

    assert commands(f"{_OURS} --teacher-params {path}", SECOND) == 0

    _check_table(commands, "test_run_2_log", _ALL)
    assert "teacher: resnet18_v1, frozen" in commands.log(_stem("test_run_2_log"))


def test_second_example_needs_no_network(commands, capsys):
    """Example 2 without a file is refused: no run fetches a model zoo's weights."""
    assert commands(_OURS, SECOND) == 2

    assert "--teacher-params" in capsys.readouterr().err
    assert commands.names() == []


def test_third_example(commands):
    """Example 3 trains the teacher along and keeps it beside the best ensemble."""
    assert commands(f"{_OURS} --teacher-width-multiplier 0.5", THIRD) == 0

    _check_table(commands, "test_run3", (32, 8, 4, 2, "teacher"))
    names = commands.names()
    for end in (".log", ".csv", "_best_params.params", "_teacher.params"):
        assert f"{_stem('test_run3')}{end}" in names


def test_fourth_and_fifth_example(commands):
    """Example 5 goes on from example 4's parameters, and says that it distils nothing."""
    assert commands(_OURS, FOURTH) == 0
    _check_table(commands, "test_run4", _ALL)
    first = commands.out / f"{_stem('test_run4')}_best_params.params"
    first.rename(commands.folder / "first_stage.params")

    assert commands(_OURS, FIFTH) == 0

    _check_table(commands, "test_run5", _ALL)
    log = commands.log(_stem("test_run5"))
    assert "no teacher is built and nothing is distilled" in log
    assert "weights identity" in commands.log(_stem("test_run4"))
    assert "member of 4 bits: weights dorefa" in log


def test_fifth_example_as_it_is_meant(commands):
    """Example 5 with the two missing arguments learns from the first stage's ensemble."""
    assert commands(_OURS, FOURTH) == 0
    path = commands.out / f"{_stem('test_run4')}_best_params.params"
    path.rename(commands.folder / "first_stage.params")
    meant = (
        f"{_OURS} --kd-mode simple --kd-teacher-mode pretrained_external --attention-matching -1"
    )

    assert commands(meant, FIFTH) == 0
    taught = commands.params("_best_params", _stem("test_run5"))
    assert commands(f"{_OURS} --log plain", FIFTH) == 0
    plain = commands.params("_best_params", _stem("plain"))

    assert "teacher: ensemble, frozen" in commands.log(_stem("test_run5"))
    assert any(not np.array_equal(taught[name], plain[name]) for name in taught)
