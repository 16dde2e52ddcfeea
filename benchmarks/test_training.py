"""Training with our settings against the same training in plain PyTorch, in one run."""

import os
import subprocess
from pathlib import Path
from statistics import median

import yaml
from interpreter import interpreter

from harness.stage.variables import stage_variables

ROOT = Path(__file__).parents[1]
SCRIPT = Path(__file__).with_name("training_throughput.py")
EPOCHS = 6  # of the script; the first compiles kernels and does not count


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
