"""The parameters of one network moved by one optimiser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from mxnet import nd

from harness.formats.arrays import Array
from reproductions.ensemble_kd.params.training import Training
from reproductions.ensemble_kd.training.optimisers import Moving, move


class Descent:
    """All parameters that learn, as one flat array, and what the optimiser knows of them.

    Parameters
    ----------
    parameters
        Gluon's, by name; those without a gradient are left alone.
    how
        The optimiser, its momentum, and the weight decay of parameters whose `wd_mult` is 1.
    """

    def __init__(self, parameters: Mapping[str, Any], how: Training) -> None:
        self.how = how
        self.parameters = {
            name: parameter
            for name, parameter in parameters.items()
            if parameter.grad_req != "null"
        }
        sizes = [int(np.prod(parameter.shape)) for parameter in self.parameters.values()]
        ends = np.cumsum(sizes).tolist()
        self.places = {
            name: slice(end - size, end)
            for name, size, end in zip(self.parameters, sizes, ends, strict=True)
        }
        # Views: one operation then reads or writes all of them, where hundreds would take as long
        # as the network itself.
        self._values = [one.data().reshape(-1) for one in self.parameters.values()]
        self._gradients = [one.grad().reshape(-1) for one in self.parameters.values()]
        self._starts = tuple(place.start for place in self.places.values())
        self.decay = np.zeros(sum(sizes), np.float32)
        for name, parameter in self.parameters.items():
            self.decay[self.places[name]] = how.weight_decay * parameter.wd_mult
        self.moving = Moving.begin(sum(sizes), how.optimiser)
        self.read()

    def read(self) -> None:
        """Take up the parameters as they are, after others have changed them."""
        self.weights = nd.concat(*self._values, dim=0).asnumpy()

    def gradient(self, batch: int) -> Array:
        """Return the mean gradient of an image, flat, when it was summed over `batch` images."""
        found: Array = nd.concat(*self._gradients, dim=0).asnumpy()
        found *= np.float32(1 / batch)
        return found

    def step(self, gradient: Array, rate: float) -> None:
        """Move the parameters along the flat `gradient`, which may be changed."""
        if self.how.weight_decay:
            gradient += self.decay * self.weights
        how = self.how
        move(how.optimiser, self.weights, gradient, rate, how.momentum, self.moving)
        # MXNet writes the parts of the one array into the views.
        moved = nd.array(self.weights)
        parts = {"indices": self._starts, "axis": 0, "squeeze_axis": False}
        nd._internal._split_v2(moved, **parts, out=self._values)  # noqa: SLF001 - `split_v2` has no `out`

    def state(self) -> dict[str, Array]:
        """Return what the next step continues from, beside the parameters."""
        moving = self.moving
        found = {"steps": np.array([moving.steps], np.int64), "first": moving.first.copy()}
        return found | ({"second": moving.second.copy()} if moving.second.size else {})

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take up what `state` has returned, and the parameters as they are."""
        second = state.get("second", self.moving.second)
        self.moving = Moving(int(state["steps"][0]), state["first"].copy(), second.copy())
        self.read()
