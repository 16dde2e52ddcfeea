"""A Keras model as a graph of calls: who computes which tensor, and who reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras

from harness.errors import HarnessError

Tensor = Any
"""A symbolic tensor of Keras, of the shape (batch, ...)."""


@dataclass(frozen=True, eq=False)
class Call:
    """One call of an operation. An operation that is called twice has two.

    Parameters
    ----------
    operation
        A layer, a nested model, or an operation of `keras.ops`.
    inputs, outputs
        The tensors, in the order of the arguments and of the results.
    arguments
        All arguments as Keras holds them: `args` and `kwargs` with tensors among them.
    """

    operation: Any
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    arguments: Any

    @property
    def name(self) -> str:
        """The name of the operation."""
        return str(self.operation.name)

    @property
    def adds(self) -> bool:
        """Whether two tensors or more are added; ``x + 3.0`` is no such addition."""
        is_addition = isinstance(self.operation, keras.layers.Add)
        # The class behind `keras.ops.add` and `+` has no public name of its own.
        return (is_addition or type(self.operation).__name__ == "Add") and len(self.inputs) > 1


@dataclass(frozen=True, eq=False)
class Graph:
    """The calls between a model's inputs and outputs, each after those that it depends on."""

    model: Any
    calls: tuple[Call, ...]

    @classmethod
    def of(cls, model: Any) -> Graph:
        """Return the graph of a functional or sequential `model`; refuse any other."""
        if not isinstance(model, keras.Model) or not getattr(model, "inputs", None):
            raise HarnessError(
                f"'{getattr(model, 'name', model)}' is not a graph of layers",
                "give a functional or built sequential Keras model, not a class with its own call",
            )
        return cls(model, ordered(model.outputs, {}))

    @cached_property
    def maker(self) -> dict[int, Call]:
        """For the id of each tensor the call that computes it."""
        return {id(tensor): call for call in self.calls for tensor in call.outputs}

    def between(self, entry: Tensor, exit_: Tensor) -> tuple[Call, ...]:
        """Return what computes `exit_` from `entry`, in order.

        A way that leads past `entry` is followed to the model's inputs, whose calls are left out.
        """
        found = {id(call.outputs[0]) for call in ordered([exit_], {}, stop=entry)}
        return tuple(call for call in self.calls if call.inputs and id(call.outputs[0]) in found)


def ends(model: Any) -> tuple[Any, Any]:
    """Return the inputs and the outputs of `model` in their structure.

    A sequential model that was called has those of the call under the names of its own.
    """
    if isinstance(model, keras.Sequential):
        return model.inputs[0], model.outputs[0]
    return model.input, model.output


def _call(tensor: Tensor) -> Call:
    # Keras has the graph of a model, but no public way to walk it.
    history = tensor._keras_history  # noqa: SLF001
    node = history.operation._inbound_nodes[history.node_index]  # noqa: SLF001
    return Call(
        history.operation, tuple(node.input_tensors), tuple(node.output_tensors), node.arguments
    )


def ordered(
    outputs: Iterable[Tensor], bypass: Mapping[int, Tensor], stop: Tensor = None
) -> tuple[Call, ...]:
    """Return the calls that `outputs` depend on, each after those that it depends on.

    Parameters
    ----------
    bypass
        For the id of a tensor another one that is taken in its place: what only the first depends
        on is left out.
    stop
        A tensor that is given: what it depends on is left out.
    """
    done: dict[int, Call] = {}  # by the id of the first output
    waiting = [(tensor, False) for tensor in reversed(list(outputs))]
    while waiting:
        tensor, ready = waiting.pop()
        if tensor is stop:
            continue
        if id(tensor) in bypass:
            waiting.append((bypass[id(tensor)], False))
            continue
        call = _call(tensor)
        if id(call.outputs[0]) in done:
            continue
        if ready:
            done[id(call.outputs[0])] = call
            continue
        waiting.append((tensor, True))
        waiting += [(one, False) for one in reversed(call.inputs)]
    return tuple(done.values())
