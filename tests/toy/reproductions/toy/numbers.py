"""Numbers, drawn epoch by epoch with a checkpoint after each."""

import os
import signal
from pathlib import Path

import numpy as np

from harness.errors import HarnessError
from reproductions.toy.params import Numbers


def make_numbers(inputs, params: Numbers, outputs, run) -> None:
    """Write the mean of the numbers of all epochs."""
    saved = run.checkpoint.load()
    done = saved.done if saved else 0
    values = saved.tensors["values"] if saved else np.zeros(params.count)
    with Path(".harness/epochs.log").open("a") as log:
        for epoch in range(done, params.epochs):
            log.write(f"{run.seed_axis} {epoch}\n")
            log.flush()
            values = values + run.generator("epoch", epoch).random(params.count)
            run.checkpoint.save(epoch + 1, {"values": values})
            run.progress(epoch + 1, params.epochs)
            _obey(epoch)
    outputs.arrays("values", {"values": values / params.epochs})


def _obey(epoch: int) -> None:
    # What a test wants to happen to this process after this epoch.
    for order in Path(".harness").glob(f"after-{epoch}-*"):
        what = order.name.rpartition("-")[2]
        try:
            order.unlink()
        except FileNotFoundError:
            continue  # another seed has taken it
        if what == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        raise HarnessError("the numbers ran out", "bring more numbers")
