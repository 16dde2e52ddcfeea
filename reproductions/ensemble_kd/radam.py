"""Rectified Adam as BMXNet has it, in NumPy: the reference of each framework's own.

Weight decay is added to the gradient. While the rectified length of the average is below 5, which
is so in the first five steps, the mean gradient alone is followed, whatever its size. Epsilon is
added to the root of the running square before that is corrected for its start at 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

MEAN_DECAY = 0.95
SQUARE_DECAY = 0.999
EPSILON = 1e-5
THRESHOLD = 5.0

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Moments:
    """The running mean and square of a gradient."""

    mean: Array
    square: Array


@dataclass(frozen=True)
class Rectified:
    """What a step multiplies the learning rate by, and whether it divides by the square's root."""

    factor: float
    normalised: bool


def start(weights: Array) -> Moments:
    """Return the moments before the first step."""
    return Moments(np.zeros_like(weights), np.zeros_like(weights))


def rectify(step: int) -> Rectified:
    """Return the form of `step`, which is counted from 1."""
    decayed = SQUARE_DECAY**step
    limit = 2 / (1 - SQUARE_DECAY) - 1
    length = limit - 2 * step * decayed / (1 - decayed)
    unbiased = 1 / (1 - MEAN_DECAY**step)
    if length < THRESHOLD:
        return Rectified(unbiased, normalised=False)
    ratio = (length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)
    return Rectified(unbiased * sqrt(ratio * (1 - decayed)), normalised=True)


def update(
    weights: Array,
    gradient: Array,
    moments: Moments,
    step: int,
    learning_rate: float,
    weight_decay: float = 0.0,
) -> tuple[Array, Moments]:
    """Return weights and moments after `step`, which is counted from 1."""
    pull = gradient + np.float32(weight_decay) * weights
    mean = _average(moments.mean, pull, MEAN_DECAY)
    square = _average(moments.square, pull * pull, SQUARE_DECAY)
    form = rectify(step)
    move = mean / (np.sqrt(square) + np.float32(EPSILON)) if form.normalised else mean
    moved: Array = (weights - np.float32(learning_rate * form.factor) * move).astype(np.float32)
    return moved, Moments(mean, square)


def _average(running: Array, new: Array, decay: float) -> Array:
    return np.float32(decay) * running + np.float32(1 - decay) * new
