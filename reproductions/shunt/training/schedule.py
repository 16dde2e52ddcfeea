"""The learning rate of an epoch, from the schedule and the losses so far (release)."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from reproductions.shunt.params.training import (
    Constant,
    Plateau,
    Poly,
    ShuntTraining,
    Training,
    TwoCycles,
)

LEAST_FALL = 1e-4
"""By so much a loss must fall to count as lower (Keras's `ReduceLROnPlateau`, as released)."""


def rate(how: Training | ShuntTraining, losses: Sequence[float]) -> float:
    """Return the learning rate of the next epoch.

    Parameters
    ----------
    how
        The first rate, the schedule and the number of epochs.
    losses
        Training loss, regulariser included, of each epoch so far: all that a schedule remembers.
    """
    epoch, base = len(losses), how.learning_rate
    match how.schedule:
        case Constant():
            return base
        case TwoCycles(first=first, second_rate=second):
            return base if epoch < first else second
        case Poly(power=power, compat=compat):
            # The release sets the rate at the end of an epoch, by that epoch's number.
            passed = max(epoch - 1, 0) if compat else epoch
            return float(base * (1 - passed / how.epochs) ** power)
        case Plateau() as plateau:
            return _after(plateau, base, losses)


def _after(plateau: Plateau, rate_now: float, losses: Sequence[float]) -> float:
    """Go through the epochs as Keras's callback does."""
    best, waited = inf, 0
    for loss in losses:
        if loss < best - LEAST_FALL:
            best, waited = loss, 0
            continue
        waited += 1
        if waited >= plateau.patience and rate_now > plateau.minimum:
            rate_now, waited = max(rate_now * plateau.factor, plateau.minimum), 0
    return rate_now
