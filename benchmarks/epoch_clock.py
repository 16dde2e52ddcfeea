"""What the scripts of trainings share: a run whose epochs are timed and wait to be sent on."""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.stage.checkpoint import Checkpoint
from harness.stage.run import Run

EPOCHS = 6  # the first compiles kernels or the graph and does not count


class Clock:
    """Told at the end of every epoch: prints its CPU seconds and waits to be sent on."""

    def __init__(self):
        self.last = time.process_time()

    def __call__(self, *_words):
        """End an epoch."""
        print(time.process_time() - self.last, flush=True)
        sys.stdin.readline()
        self.last = time.process_time()


@contextmanager
def run(paper: str, stage: str, clock: Clock) -> Iterator[Run]:
    """Yield a run that saves real checkpoints."""
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Checkpoint(Path(folder) / "checkpoint")
        yield Run(paper, stage, 0, checkpoint, clock)
