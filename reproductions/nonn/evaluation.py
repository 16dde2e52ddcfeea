"""What a trained network answers, and how often it is right."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from reproductions.nonn.images import Batch, Split


def answers(
    model: nn.Module, split: Split, batch_size: int
) -> Iterator[tuple[Batch, Tensor, Tensor]]:
    """Yield each batch of `split` with the logits and features of `model` in evaluation mode."""
    model.eval()
    for batch in split.batches(batch_size):
        with torch.no_grad():
            logits, features = model(batch.images)
        yield batch, logits, features


def accuracy(model: nn.Module, split: Split, batch_size: int) -> float:
    """Return the share of `split` that `model` classifies rightly, in percent."""
    right = 0
    for batch, logits, _ in answers(model, split, batch_size):
        right += int((logits.argmax(1) == batch.labels).sum())
    return 100 * right / len(split)
