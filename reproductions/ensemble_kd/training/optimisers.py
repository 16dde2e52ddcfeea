"""How weights move, in NumPy: the rules of MXNet's optimisers, and RAdam as BMXNet has it.

All parameters of a network are one flat array. NumPy rounds every operation of these alike on
every CPU, and one array takes less time than some hundred small ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from harness.formats.arrays import Array
from reproductions.ensemble_kd import adam, radam
from reproductions.ensemble_kd.params.training import Optimiser


@dataclass
class Moving:
    """What an optimiser knows of the steps before.

    Parameters
    ----------
    steps
        How many there were.
    first, second
        The moving averages of gradients and of their squares; `sgd` and `nag` have the first only.
    """

    steps: int
    first: Array
    second: Array

    @classmethod
    def begin(cls, size: int, kind: Optimiser) -> Moving:
        """Return what is known before the first step of `size` numbers."""
        squares = size if kind in ("adam", "radam") else 0
        return cls(0, np.zeros(size, np.float32), np.zeros(squares, np.float32))


def move(
    kind: Optimiser, weights: Array, gradient: Array, rate: float, momentum: float, moving: Moving
) -> None:
    """Change `weights` and `moving`, in place, by one step along `gradient`; all float32, flat.

    Parameters
    ----------
    gradient
        With the weight decay already in it.
    rate
        The learning rate of this step.
    momentum
        Of `sgd` and `nag`.
    """
    moving.steps += 1
    if kind == "radam":
        moments = radam.Moments(moving.first, moving.second)
        weights[:], moments = radam.update(weights, gradient, moments, moving.steps, rate)
        moving.first, moving.second = moments.mean, moments.square
    elif kind == "adam":
        _adam(weights, gradient, rate, moving)
    else:
        _descend(weights, gradient, rate, momentum, moving, ahead=kind == "nag")


def _adam(weights: Array, gradient: Array, rate: float, moving: Moving) -> None:
    first, second = adam.MEAN_DECAY, adam.SQUARE_DECAY
    # MXNet rounds the decays before it takes them from 1.
    mean, square = np.float32(first), np.float32(second)
    moving.first *= mean
    moving.first += (1 - mean) * gradient
    moving.second *= square
    moving.second += (1 - square) * gradient * gradient
    size = rate * sqrt(1 - second**moving.steps) / (1 - first**moving.steps)
    weights -= np.float32(size) * moving.first / (np.sqrt(moving.second) + np.float32(adam.EPSILON))


def _descend(
    weights: Array, gradient: Array, rate: float, momentum: float, moving: Moving, *, ahead: bool
) -> None:
    change = gradient * np.float32(rate)
    moving.first *= np.float32(momentum)
    moving.first += change
    if ahead:
        weights -= change
        weights -= moving.first * np.float32(momentum)
    else:
        weights -= moving.first
