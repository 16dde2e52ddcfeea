"""Loops of one training, each in a process of its own, against each other in one run."""

import subprocess
from pathlib import Path
from statistics import median

from epoch_clock import EPOCHS

ROOT = Path(__file__).parents[1]


def start(python, script, loop, variables):
    """Start `loop` in a process with `variables`; it trains its first epoch at once."""
    pipe = subprocess.PIPE
    command = [str(python), str(script), loop]
    return subprocess.Popen(command, env=variables, stdin=pipe, stdout=pipe, text=True, cwd=ROOT)


def epoch(process):
    """Return the CPU seconds of the epoch under way; the next one waits."""
    return float(process.stdout.readline())


def send_on(process):
    """Let the process train its next epoch, or end after the last."""
    process.stdin.write("\n")
    process.stdin.flush()


def race(python, script, loops):
    """Return the CPU seconds of every epoch but the first, by the name of the loop.

    `loops` has for each name the script's own name of the loop, and the variables.
    """
    processes = {name: start(python, script, *loop) for name, loop in loops.items()}
    seconds = {name: [] for name in loops}
    for process in processes.values():
        epoch(process)
    # In turns, one at a time, so that a busy neighbour slows all loops alike.
    for _ in range(EPOCHS - 1):
        for name, process in processes.items():
            send_on(process)
            seconds[name].append(epoch(process))
    for process in processes.values():
        process.communicate("\n")
    return seconds


def ours_over_plain(benchmark, *about):
    """Return the speed of the loop `ours` over that of `plain`, and tell it and that over `free`.

    `about` is what `race` takes.
    """
    found = benchmark.pedantic(race, about, rounds=1)
    ours, plain, free = (median(found[name]) for name in ("ours", "plain", "free"))
    benchmark.extra_info["ours_over_plain"] = round(plain / ours, 2)
    benchmark.extra_info["ours_over_free"] = round(free / ours, 2)
    return plain / ours
