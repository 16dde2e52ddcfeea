"""The rows of a training's history: one for each epoch, network and width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from harness.formats.arrays import Array
from harness.formats.rows import Row
from reproductions.ensemble_kd.training.metrics import Measures, Tally


@dataclass
class Sums:
    """What an epoch's batches add up to for one network."""

    tally: Tally
    losses: Array = field(init=False)

    def __post_init__(self) -> None:
        self.losses = np.zeros(len(self.tally.widths))

    def add(self, logits: Array, losses: Array, labels: Array) -> None:
        """Count the answers (N, B, C) and the losses (N, B) of one batch."""
        self.tally.add(logits, labels)
        self.losses += losses.astype(np.float64).sum(1)


def history_rows(start: Row, rate: float, sums: Sums, held: Sequence[Measures]) -> list[Row]:
    """Return a row for each member.

    Parameters
    ----------
    start
        The first columns.
    rate
        The learning rate of the epoch's last step.
    sums
        Of the training, while the parameters moved.
    held
        The measures on validation images, after it.
    """
    members = zip(sums.tally.widths, sums.losses, sums.tally.measures(), held, strict=True)
    return [
        {
            **start,
            "bits": bits,
            "learning_rate": rate,
            "loss": float(loss) / max(sums.tally.seen, 1),
            **_columns("train", here),
            **_columns("validation", there),
        }
        for bits, loss, here, there in members
    ]


def _columns(part: str, found: Measures) -> Row:
    return {
        f"{part}_top1": found.top1,
        f"{part}_top5": found.top5,
        f"{part}_agreement": found.agreement,
        f"{part}_kl": found.kl,
        f"{part}_kl_swapped": found.kl_swapped,
    }
