"""How right members are, and how far they agree, from their logits; NumPy alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from harness.formats.arrays import Array

FIVE = 5
"""Of so many best answers one must be right in top-5."""


@dataclass(frozen=True)
class Measures:
    """One member on some images.

    Parameters
    ----------
    top1, top5
        Share of images whose class is the first, or one of the first five, percent.
    agreement
        Share of images to which the widest member gives the same class, percent.
    kl
        How far the class scores are from the widest member's, KL(widest || member), nats.
    kl_swapped
        KL(member || widest), nats: as published, where it has the other's name.
    """

    top1: float
    top5: float
    agreement: float
    kl: float
    kl_swapped: float


@dataclass
class Tally:
    """Sums up what the members of `widths` answer, batch by batch."""

    widths: Sequence[int]
    seen: int = 0
    sums: Array = field(init=False)

    def __post_init__(self) -> None:
        self.sums = np.zeros((len(self.widths), 5))

    def add(self, logits: Array, labels: Array) -> None:
        """Count the answers `logits` (N, B, C) to images of the classes `labels` (B,)."""
        widest = int(np.argmax(self.widths))
        scores = log_softmax(logits)
        ranks = rank(logits, labels)
        chosen = logits.argmax(-1)
        self.sums += np.stack(
            [
                (ranks < 1).sum(1),
                (ranks < FIVE).sum(1),
                (chosen == chosen[widest]).sum(1),
                divergence(scores[widest], scores).sum(1),
                divergence(scores, scores[widest]).sum(1),
            ],
            axis=1,
        )
        self.seen += len(labels)

    def measures(self) -> list[Measures]:
        """Return what each member's answers so far come to."""
        shares = self.sums / max(self.seen, 1)
        return [
            Measures(100 * float(one), 100 * float(five), 100 * float(same), float(kl), float(back))
            for one, five, same, kl, back in shares
        ]


def rank(logits: Array, labels: Array) -> Array:
    """Return how many classes come before the right one, (..., B), for `logits` (..., B, C).

    Of equal logits that of the lower class comes first, as with argmax.
    """
    index = np.broadcast_to(labels, logits.shape[:-1])[..., None]
    right = np.take_along_axis(logits, index, -1)
    classes = np.arange(logits.shape[-1])
    before = (logits > right) | ((logits == right) & (classes < index))
    return before.sum(-1)


def log_softmax(logits: Array) -> Array:
    """Return the logarithms of the class scores, (..., C) float64."""
    high = logits.astype(np.float64)
    high = high - high.max(-1, keepdims=True)
    return high - np.log(np.exp(high).sum(-1, keepdims=True))


def divergence(wanted: Array, found: Array) -> Array:
    """Return KL(wanted || found) of log class scores (..., C), nats."""
    return (np.exp(wanted) * (wanted - found)).sum(-1)
