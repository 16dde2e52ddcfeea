"""Training with our settings against the same training by Keras's `fit`, in one run."""

import os
from pathlib import Path

import yaml
from interpreter import interpreter
from training_race import ROOT, ours_over_plain

from harness.stage.variables import stage_variables

SCRIPT = Path(__file__).with_name("shunt_training_throughput.py")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}


def settings(tmp_path):
    """Return the variables of a stage, the same without determinism, and the user's own."""
    path = ROOT / "specs" / "environment" / "tensorflow.yaml"
    own = yaml.safe_load(path.read_text())["variables"]
    pinned = stage_variables(os.environ, own, ROOT, tmp_path)
    loose = {name: value for name, value in pinned.items() if name != "TF_DETERMINISTIC_OPS"}
    user = {name: value for name, value in os.environ.items() if name not in own}
    free = {**user, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "2", **ONE_THREAD}
    return pinned, loose, free


def test_training_a_shunted_network_keeps_nine_tenths_of_plain_speed(benchmark, tmp_path):
    """MobileNetV2 with a shunt trains at 0.9 of the speed of Keras's `fit` at least.

    All loops use one thread, and the first two the same instruction set and kernels, those of the
    tensorflow environment. A user's own settings have oneDNN too, which `ours_over_free` tells.
    """
    python = interpreter("tensorflow")
    pinned, loose, free = settings(tmp_path)
    loops = {"ours": ("ours", pinned), "plain": ("plain", loose), "free": ("plain", free)}

    assert ours_over_plain(benchmark, python, SCRIPT, loops) >= 0.9
