"""How weights move, in PyTorch: the rules of MXNet's optimisers, and RAdam as BMXNet has it.

All parameters are one flat tensor. Products and sums are apart, so that nothing fuses them and a
CPU gives the bytes of NumPy's reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
import torch
from torch import Tensor

from reproductions.ensemble_kd import adam, radam
from reproductions.ensemble_kd.params.training import Optimiser
from reproductions.ensemble_kd.twin.rounding import root


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
    first: Tensor
    second: Tensor

    @classmethod
    def begin(cls, weights: Tensor) -> Moving:
        """Return what is known before the first step of `weights`, flat."""
        return cls(0, torch.zeros_like(weights), torch.zeros_like(weights))


@torch.no_grad()
def move(
    kind: Optimiser, weights: Tensor, gradient: Tensor, rate: float, momentum: float, moving: Moving
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
    if kind in ("sgd", "nag"):
        _descend(weights, gradient, rate, momentum, moving, ahead=kind == "nag")
    elif kind == "radam":
        _rectified(weights, gradient, rate, moving)
    else:
        _adam(weights, gradient, rate, moving)


def _descend(
    weights: Tensor, gradient: Tensor, rate: float, momentum: float, moving: Moving, *, ahead: bool
) -> None:
    change = gradient * rate
    moving.first.mul_(momentum).add_(change)
    if ahead:
        weights.sub_(change)
        weights.sub_(moving.first * momentum)
    else:
        weights.sub_(moving.first)


def _rectified(weights: Tensor, gradient: Tensor, rate: float, moving: Moving) -> None:
    first, second = radam.MEAN_DECAY, radam.SQUARE_DECAY
    moving.first.mul_(first).add_(gradient * (1 - first))
    moving.second.mul_(second).add_(gradient * (1 - second) * gradient)
    form = radam.rectify(moving.steps)
    change = moving.first
    if form.normalised:
        change = change / root(moving.second).add_(radam.EPSILON)
    weights.sub_(change * (rate * form.factor))


def _adam(weights: Tensor, gradient: Tensor, rate: float, moving: Moving) -> None:
    first, second = adam.MEAN_DECAY, adam.SQUARE_DECAY
    # MXNet rounds the decays before it takes them from 1.
    rest = float(1 - np.float32(first)), float(1 - np.float32(second))
    moving.first.mul_(first).add_(gradient * rest[0])
    moving.second.mul_(second).add_(gradient * rest[1] * gradient)
    size = rate * sqrt(1 - second**moving.steps) / (1 - first**moving.steps)
    weights.sub_((moving.first * size).div_(root(moving.second).add_(adam.EPSILON)))
