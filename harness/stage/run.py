"""What a step is handed besides data: seeds, progress, checkpoints and its device."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.stage.checkpoint import Checkpoint
from harness.stage.progress import Progress

if TYPE_CHECKING:
    import numpy as np

    from harness.spec.device import Device


def derive_seed(*labels: str | int) -> int:
    """Return a seed in [0, 2**32) that depends on `labels` alone, never on any order of runs."""
    text = "\0".join(str(label) for label in labels)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


@dataclass(frozen=True)
class Run:
    """One run of a step.

    Parameters
    ----------
    paper, stage
        What runs.
    seed_axis
        The seed of this run, 0 for a stage that does not run per seed.
    checkpoint
        Where a long step saves what it needs to go on after a kill.
    progress
        Tells the user how far the step is.
    device
        Where a measuring stage measures, and how often; None for every other stage.
    """

    paper: str
    stage: str
    seed_axis: int
    checkpoint: Checkpoint
    progress: Progress
    device: Device | None = None

    def seed(self, *labels: str | int) -> int:
        """Return the seed of one use of randomness, such as ``("epoch", 3)``."""
        return derive_seed(self.paper, self.stage, self.seed_axis, *labels)

    def generator(self, *labels: str | int) -> np.random.Generator:
        """Return a NumPy generator for one use of randomness."""
        import numpy as np

        return np.random.Generator(np.random.PCG64(self.seed(*labels)))
