"""The learning rate of each step, as GluonCV's schedules give it.

N is one less than the number of steps, so that `cosine` and `poly` begin at the whole rate and end
at exactly 0, and the warm-up begins at exactly 0 and ends at the whole rate. Steps are counted
from 0, over the whole training; Gluon's own trainer counts from 1, and so never uses the first
rate and uses the last one twice.
"""

from __future__ import annotations

from math import cos, pi

from reproductions.ensemble_kd.params.training import Poly, Steps, Training


def rate(training: Training, step: int, steps_per_epoch: int) -> float:
    """Return the learning rate of `step`, which is counted from 0 over all epochs.

    A step beyond the last has the last one's rate. A schedule or a warm-up of one step alone has
    no end, and stays at its beginning.
    """
    warmup = training.warmup_epochs * steps_per_epoch
    if step < warmup:
        return training.learning_rate * _passed(step, warmup)
    return training.learning_rate * _factor(training, step - warmup, steps_per_epoch)


def _factor(training: Training, step: int, steps_per_epoch: int) -> float:
    """The share of the whole rate at `step`, which is counted from the end of the warm-up."""
    schedule = training.schedule
    if isinstance(schedule, Steps):
        epoch = step // steps_per_epoch + training.warmup_epochs
        falls = sum(1 for border in schedule.epochs if border <= epoch)
        return float(schedule.factor**falls)
    passed = _passed(step, (training.epochs - training.warmup_epochs) * steps_per_epoch)
    if isinstance(schedule, Poly):
        return float((1 - passed) ** schedule.power)
    return (1 + cos(pi * passed)) / 2


def _passed(step: int, steps: int) -> float:
    """How much of `steps` has passed at `step`: 0 at the first, 1 at the last and after it."""
    last = steps - 1
    return min(step, last) / last if last else 0.0
