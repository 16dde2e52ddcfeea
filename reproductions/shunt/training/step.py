"""One step of a training: loss, gradient and update in one compiled graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from harness.errors import HarnessError

Objective = Callable[[Any, Any, Any], tuple[Any, dict[str, Any]]]
"""From network inputs (B, H, W, C), labels and positions in the split (B,) to the loss, a scalar
without regulariser, and further scalars for the history. It runs inside a graph.
"""


class Step:
    """Moves the trainable weights of a model by one batch.

    The graph is made at the first batch, for batches of every size, and again by `compile`.
    """

    def __init__(
        self, model: keras.Model, objective: Objective, optimiser: keras.optimizers.Optimizer
    ) -> None:
        self.model = model
        self.objective = objective
        self.optimiser = optimiser
        self.compiled: Any = None

    def compile(self) -> None:
        """Make the graph anew: what is trainable has changed."""
        self.compiled = None

    def __call__(self, images: Any, labels: Any, index: Any) -> dict[str, Any]:
        """Train on one batch; return the loss, the regulariser and what the objective tells."""
        if self.compiled is None:
            batch = [
                tf.TensorSpec((None, *part.shape[1:]), part.dtype)
                for part in (images, labels, index)
            ]
            graph = tf.function(self._graph(), batch, autograph=False)
            self.compiled = graph.get_concrete_function()
        return self.compiled(images, labels, index)

    def _graph(self) -> Callable[[Any, Any, Any], dict[str, Any]]:
        variables = list(self.model.trainable_variables)
        if not variables:
            raise HarnessError(
                f"nothing of the network '{self.model.name}' is to be trained",
                "choose another policy of freezing ('freeze'), or make a layer trainable",
            )

        def once(images: Any, labels: Any, index: Any) -> dict[str, Any]:
            with tf.GradientTape() as tape:
                loss, told = self.objective(images, labels, index)
                regulariser = regulariser_of(self.model)
                total = loss + regulariser
            self.optimiser.apply(tape.gradient(total, variables), variables)
            return {"loss": loss, "regulariser": regulariser, **told}

        strategy = strategy_of(self.model)

        def step(*batch: Any) -> dict[str, Any]:
            return strategy.run(once, batch)

        return step


def strategy_of(model: keras.Model) -> tf.distribute.Strategy:
    """Return the strategy in whose scope the weights of `model` were made; the usual one is none.

    Raises
    ------
    HarnessError
        It spreads over several devices, whose sums have no fixed order.
    """
    usual = tf.distribute.get_strategy()
    found = {
        id(one): one
        for weight in model.trainable_variables
        for one in [getattr(weight.value, "distribute_strategy", None) or usual]
    }
    strategy = next(iter(found.values()), usual)
    if len(found) > 1 or strategy.num_replicas_in_sync > 1:
        raise HarnessError(
            f"the weights of '{model.name}' were made under {len(found)} distribution strategies "
            f"over {strategy.num_replicas_in_sync} devices",
            "make the whole model in the scope of one strategy over one device, or in none",
        )
    return strategy


def regulariser_of(model: keras.Model) -> Any:
    """Return the sum of the L2 terms of what is trainable in `model`."""
    terms = model.losses
    return tf.add_n(terms) if terms else tf.constant(0.0)
