"""One training with its files: checkpoint, log and weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from harness.errors import HarnessError
from harness.formats import arrays
from harness.formats.arrays import Array
from harness.formats.rows import Row
from harness.stage.checkpoint import Checkpoint
from harness.stage.progress import Progress
from harness.stage.run import Run
from reproductions.nonn.framework.files import weights_path
from reproductions.nonn.framework.log import write_log
from reproductions.nonn.images import Batch, Split
from reproductions.nonn.params.training import Training
from reproductions.nonn.training import Objective, Task, train


def run_of(stage: str, seed: int) -> Run:
    """Return the run of a phase; it draws what the stage of that name draws."""
    return Run("nonn", stage, seed, Checkpoint(None), Progress(f"nonn/{stage}"))


@dataclass(frozen=True)
class Course:
    """One training and where it keeps what it makes.

    Parameters
    ----------
    section
        Its section of the configuration, for messages.
    weights
        The published path of the weights.
    log_file
        The published name of the log.
    resume
        Whether an earlier, interrupted training is taken up.
    identity
        All that decides what an epoch makes of the epoch before. A checkpoint with another
        identity is never taken up.
    kept
        From the model's weights to those that are written.
    """

    section: str
    weights: str
    log_file: str
    resume: bool
    identity: Mapping[str, Any]
    kept: Callable[[dict[str, Array]], dict[str, Array]]

    def train(
        self, task: Task, images: tuple[Split, Split], how: Training, run: Run
    ) -> dict[str, Array]:
        """Train and return the best weights; log and weights are written after every epoch.

        Raises
        ------
        HarnessError
            The checkpoint is of another training, or a file cannot be written.
        """
        try:
            run = replace(run, checkpoint=Checkpoint(self._checkpoint(how)))
            return train([task], *images, how, run, self._watch()).weights[task.name]
        except OSError as error:
            raise HarnessError(
                f"{error.filename}: cannot be written: {error.strerror}",
                f"set {self.section}.resume to true afterwards: it goes on from the last epoch",
            ) from error

    def _checkpoint(self, how: Training) -> Path:
        # More epochs continue a training; anything else makes it another one.
        content = {**self.identity, "training": how.model_dump(mode="json", exclude={"epochs"})}
        text = json.dumps(content, sort_keys=True, default=str)
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        final = weights_path(self.weights)
        path = final.with_name(f"{final.stem}.checkpoint-{digest}.safetensors")
        others = [
            other
            for other in sorted(final.parent.glob(f"{final.stem}.checkpoint-*.safetensors"))
            if other != path
        ]
        if not self.resume:
            for old in (path, *others):
                old.unlink(missing_ok=True)
        elif not path.is_file() and others:
            raise HarnessError(
                f"{self.section}.resume: {others[0]} is the checkpoint of a training with other "
                "settings, another network or other images",
                "put them back as they were, or set resume to false to begin anew",
            )
        elif not path.is_file():
            print(f"{self.section}.resume: there is no checkpoint yet; beginning with epoch 1")
        return path

    def _watch(self) -> Callable[[Mapping[str, dict[str, Array]], Sequence[Row]], None]:
        written: list[dict[str, Array]] = []

        def watch(weights: Mapping[str, dict[str, Array]], history: Sequence[Row]) -> None:
            write_log(self.log_file, history)
            (best,) = weights.values()
            if not written or best is not written[-1]:
                arrays.write_weights(weights_path(self.weights), self.kept(best))
                written[:] = [best]

        return watch


def chanced(objective: Objective) -> Objective:
    """Return `objective` with torch's own chance, such as a dropout's, bound to the epoch."""

    def seeded(batch: Batch, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        torch.manual_seed(int(random.integers(2**63)))
        return objective(batch, random)

    return seeded


def told(value: Any) -> str:
    """Return what identifies an object of the user's: its class and, of a function, its name."""
    name = getattr(value, "__qualname__", type(value).__qualname__)
    settings = getattr(value, "defaults", "")
    return f"{name} {settings}".strip()
