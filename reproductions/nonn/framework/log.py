"""The training log: one CSV row an epoch, on the disk when the epoch has ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from harness.formats.atomic import write_text
from harness.formats.rows import Row
from reproductions.nonn.images import Split
from reproductions.nonn.training import Objective

HEADER = (
    "Epoch",
    "Training loss",
    "Training accuracy",
    "Validation loss",
    "Validation accuracy",
    "Test loss",
    "Test accuracy",
)
FOLDER = Path("train")


def write_log(file: str, history: Sequence[Row]) -> None:
    """Write ``train/<file>``: fields between semicolons, accuracies as fractions."""
    lines = [";".join(HEADER), *(";".join(map(repr, _cells(row))) for row in history)]
    write_text(FOLDER / file, "\n".join(lines) + "\n")


def _cells(row: Row) -> list[int | float]:
    def fraction(name: str) -> float:
        return float(row[name] or 0) / 100

    return [
        int(row["epoch"] or 0),
        float(row["loss"] or 0),
        fraction("train_accuracy"),
        float(row["validation_loss"] or 0),
        fraction("validation_accuracy"),
        float(row["test_loss"] or 0),
        fraction("test_accuracy"),
    ]


def looking(
    validation: tuple[Split, Objective], test: tuple[Split, Objective], sizes: tuple[int, int]
) -> Callable[[nn.Module], Row]:
    """Return what measures validation loss, test loss and test accuracy of a model.

    They are for the log alone: the best epoch is that of the highest validation accuracy.

    Parameters
    ----------
    validation, test
        The images and the loss on them.
    sizes
        Images at a time of each.
    """

    def look(model: nn.Module) -> Row:
        model.eval()
        loss, _ = _measure(*validation, sizes[0])
        test_loss, accuracy = _measure(*test, sizes[1])
        return {"validation_loss": loss, "test_loss": test_loss, "test_accuracy": accuracy}

    return look


def _measure(split: Split, objective: Objective, size: int) -> tuple[float, float]:
    """Return the mean loss on `split` and the accuracy in percent."""
    unused = np.random.Generator(np.random.PCG64(0))
    total, right = 0.0, 0
    for batch in split.batches(size):
        with torch.no_grad():
            loss, logits = objective(batch, unused)
        total += float(loss) * len(batch.labels)
        right += int((logits.argmax(1) == batch.labels).sum())
    return total / len(split), 100 * right / len(split)
