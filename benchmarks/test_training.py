"""Training with our settings against the same training in plain PyTorch, in one run."""

import os
from pathlib import Path

import yaml
from interpreter import interpreter
from training_race import ROOT, ours_over_plain

from harness.stage.variables import stage_variables

SCRIPT = Path(__file__).with_name("training_throughput.py")


def settings(tmp_path):
    """Return the variables of a torch stage, and the user's own with one thread."""
    own = yaml.safe_load((ROOT / "specs" / "environment" / "torch.yaml").read_text())["variables"]
    pinned = stage_variables(os.environ, own, ROOT, tmp_path)
    free = {name: value for name, value in os.environ.items() if name not in own}
    return pinned, {**free, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def test_training_keeps_nine_tenths_of_plain_speed(benchmark, tmp_path):
    """Two students train at 0.9 of the speed of the plain loop at least.

    All loops use one thread, and the first two the same instruction set, that of the torch
    environment: a newer CPU could do more, which `ours_over_free` tells and which no loop changes.
    """
    python = interpreter("torch")
    pinned, free = settings(tmp_path)
    loops = {"ours": ("ours", pinned), "plain": ("plain", pinned), "free": ("plain", free)}

    assert ours_over_plain(benchmark, python, SCRIPT, loops) >= 0.9
