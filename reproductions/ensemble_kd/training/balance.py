"""The gradients of the members' losses on the weights that they share: measured, and balanced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mxnet import autograd, nd

from harness.errors import HarnessError
from harness.formats.arrays import Array
from harness.formats.rows import Row
from reproductions.ensemble_kd.params.ensemble import EnsembleParams
from reproductions.ensemble_kd.training.descent import Descent
from reproductions.ensemble_kd.training.learner import Learner

EVERY = 8
"""Batches from one measurement to the next, where gradients are balanced."""
_KEPT = 0.9  # of a moving norm, by a new measurement


def unmeasured(params: EnsembleParams) -> list[Row]:
    """Return the rows of norms that were not measured: a table keeps its columns."""
    return [
        {"system": params.system, "epoch": None, "bits": bits, "norm": None}
        for bits in params.widths
    ]


def gradient_norms(losses: Any, learner: Learner) -> list[float]:
    """Return for each member the norm of its mean loss's gradient on the quantised weights.

    Parameters
    ----------
    losses
        (N, B), recorded; the graph stays for the backward pass of the training.
    """
    parameters = learner.parameters
    shared = [parameters[name] for name in learner.quantised]
    # Every backward pass moves the running statistics, and only the training's own should.
    kept = {one: one.data().copy() for one in parameters.values() if one.grad_req == "null"}
    found = []
    for place in range(len(learner.widths)):
        heads = np.zeros(losses.shape, np.float32)
        heads[place] = 1
        autograd.backward([losses], [nd.array(heads)], retain_graph=True)
        squares = [float((one.grad().asnumpy().astype(np.float64) ** 2).sum()) for one in shared]
        found.append(sum(squares) ** 0.5 / losses.shape[1])
    for one, value in kept.items():
        value.copyto(one.data())
    return found


class Balance:
    """Lets all members pull equally at the weights that they share.

    The gradient of a member's loss on them is multiplied by the mean of all members' moving norms
    over its own. What is the member's alone learns as without.
    """

    def __init__(self, learner: Learner, descent: Descent) -> None:
        how = learner.teaching
        if how.mode != "none" and not how.detach and len(learner.widths) > 1:
            raise HarnessError(
                "gradients cannot be balanced where a member's soft loss also pulls at its "
                "teaching member: whose gradient it is cannot be told apart",
                "set teaching.detach to true, or balance to 'equal'",
            )
        self.norms = np.zeros(len(learner.widths))
        self.owned = [_owned(bits, descent) for bits in learner.widths]

    @property
    def factors(self) -> Array:
        """What each member's loss is multiplied by, (N,)."""
        positive = self.norms[self.norms > 0]
        if not len(positive):
            return np.ones(len(self.norms))
        return np.where(self.norms > 0, positive.mean() / np.maximum(self.norms, 1e-30), 1.0)

    def take(self, norms: Sequence[float]) -> None:
        """Take up a measurement; the first one is believed whole."""
        new = np.array(norms)
        moved = _KEPT * self.norms + (1 - _KEPT) * new
        self.norms = np.where(self.norms > 0, moved, new)

    def restore_own(self, gradient: Array) -> None:
        """Take the factors out of the flat `gradient` where a parameter is one member's alone."""
        for places, factor in zip(self.owned, self.factors, strict=True):
            for place in places:
                gradient[place] /= np.float32(factor)

    def state(self) -> dict[str, Array]:
        """Return what the next step continues from."""
        return {"norms": self.norms.copy()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take up what `state` has returned."""
        self.norms = state["norms"].copy()


def _owned(bits: int, descent: Descent) -> list[slice]:
    start = f"bits{bits}."
    return [place for name, place in descent.places.items() if name.startswith(start)]
