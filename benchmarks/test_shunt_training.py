"""Training with our settings against the same training by Keras's `fit`, in one run."""

import os
import subprocess
from pathlib import Path
from statistics import median

import yaml
from interpreter import interpreter

from harness.stage.variables import stage_variables

ROOT = Path(__file__).parents[1]
SCRIPT = Path(__file__).with_name("shunt_training_throughput.py")
EPOCHS = 6  # of the script; the first compiles the graph and does not count
ONE_THREAD = {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}


def start(python, loop, variables):
    """Start `loop` in a process with `variables`; it trains its first epoch at once."""
    pipe = subprocess.PIPE
    command = [str(python), str(SCRIPT), loop]
    return subprocess.Popen(command, env=variables, stdin=pipe, stdout=pipe, text=True, cwd=ROOT)


def epoch(process):
    """Return the CPU seconds of the epoch under way; the next one waits."""
    return float(process.stdout.readline())


def send_on(process):
    """Let the process train its next epoch, or end after the last."""
    process.stdin.write("\n")
    process.stdin.flush()


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
    seconds = {name: [] for name in loops}

    def measure():
        processes = {name: start(python, *loop) for name, loop in loops.items()}
        for process in processes.values():
            epoch(process)
        # In turns, one at a time, so that a busy neighbour slows all loops alike.
        for _ in range(EPOCHS - 1):
            for name, process in processes.items():
                send_on(process)
                seconds[name].append(epoch(process))
        for process in processes.values():
            process.communicate("\n")

    benchmark.pedantic(measure, rounds=1)
    ours, plain, unpinned = (median(found) for found in seconds.values())
    benchmark.extra_info["ours_over_plain"] = round(plain / ours, 2)
    benchmark.extra_info["ours_over_free"] = round(unpinned / ours, 2)

    assert plain / ours >= 0.9
