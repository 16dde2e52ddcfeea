"""What moves the weights: Keras's optimisers, with all of their state."""

from __future__ import annotations

from collections.abc import Mapping

import keras
import numpy as np

from harness.formats.arrays import Array
from reproductions.shunt.params.training import ShuntTraining, Training
from reproductions.shunt.training.step import strategy_of


def optimiser_for(how: Training | ShuntTraining, model: keras.Model) -> keras.optimizers.Optimizer:
    """Return the optimiser of what is trainable in `model`: SGD for networks, Adam for shunts.

    SGD is Keras's: v <- m v - rate g, w <- w + v, without Nesterov's term (as released).
    """
    with strategy_of(model).scope():
        return _built(how, model)


def _built(how: Training | ShuntTraining, model: keras.Model) -> keras.optimizers.Optimizer:
    optimiser = (
        keras.optimizers.SGD(how.learning_rate, momentum=how.momentum, nesterov=False)
        if isinstance(how, Training)
        else keras.optimizers.Adam(how.learning_rate)
    )
    optimiser.build(model.trainable_variables)
    return optimiser


def slots(optimiser: keras.optimizers.Optimizer) -> dict[str, Array]:
    """Return a copy of the optimiser's state: number of steps, velocities or moments.

    The variables are named by their place, which is that of the weights they belong to.
    """
    return {
        f"{place:04d}": np.atleast_1d(variable.numpy().copy())
        for place, variable in enumerate(optimiser.variables)
    }


def restore_slots(optimiser: keras.optimizers.Optimizer, state: Mapping[str, Array]) -> None:
    """Take up what `slots` has returned for an optimiser of the same weights."""
    for place, variable in enumerate(optimiser.variables):
        variable.assign(state[f"{place:04d}"].reshape(variable.shape))
