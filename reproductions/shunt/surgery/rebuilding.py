"""A model built anew from its graph: copies of its layers, with some tensors replaced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras

from harness.errors import HarnessError
from reproductions.shunt.surgery.graph import Call, Tensor, ends, ordered


@dataclass(frozen=True, eq=False)
class Detour:
    """Another way to a tensor: `build` makes it from the copy of `entry`."""

    entry: Tensor
    build: Callable[[Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class Junction:
    """Another way beside that to a tensor: `join` makes one of the copies of `entry` and of it."""

    entry: Tensor
    join: Callable[[Tensor, Tensor], Tensor]


Detours = Mapping[int, Detour | Junction]
"""Other ways by the id of the tensor that each leads to."""


@dataclass(eq=False)
class Rebuilding:
    """Copies of the calls that lead to some tensors of a model, on inputs of their own.

    Parameters
    ----------
    model
        The model; it keeps its layers, of which every one that is needed is copied with weights.
    detours
        What comes in place of some of its tensors.
    prefix
        Put before the names of the copies; inputs keep theirs.
    """

    model: Any
    detours: Detours = field(default_factory=dict)
    prefix: str = ""
    _tensors: dict[int, Tensor] = field(default_factory=dict)
    _copies: dict[int, Any] = field(default_factory=dict)

    def tensors(self, wanted: list[Tensor]) -> list[Tensor]:
        """Return the copies of the tensors `wanted`; a second call goes on with the same layers."""
        bypass = {key: one.entry for key, one in self.detours.items() if isinstance(one, Detour)}
        for call in ordered([*self.model.inputs, *wanted], bypass):
            if id(call.outputs[0]) not in self._tensors:
                self._repeat(call)
        return [self._tensor(tensor) for tensor in wanted]

    @property
    def inputs(self) -> Any:
        """The copies of the model's inputs, in its structure."""
        return keras.tree.map_structure(self._tensor, ends(self.model)[0])

    def freeze(self) -> None:
        """Let training leave the copies as they are; what detours have built stays trainable."""
        for copy in self._copies.values():
            if isinstance(copy, keras.Layer):
                copy.trainable = False

    def _tensor(self, tensor: Tensor) -> Tensor:
        detour = self.detours.get(id(tensor))
        if isinstance(detour, Detour) and id(tensor) not in self._tensors:
            self._tensors[id(tensor)] = detour.build(self._tensor(detour.entry))
        return self._tensors[id(tensor)]

    def _repeat(self, call: Call) -> None:
        for tensor, copy in zip(call.outputs, self._results(call), strict=True):
            one = self.detours.get(id(tensor))
            if isinstance(one, Junction):
                copy = one.join(self._tensor(one.entry), copy)  # noqa: PLW2901 - still a copy
            self._tensors[id(tensor)] = copy

    def _results(self, call: Call) -> list[Tensor]:
        if isinstance(call.operation, keras.layers.InputLayer):
            (given,) = call.outputs
            return [keras.Input(batch_shape=given.shape, dtype=given.dtype, name=call.name)]
        args, kwargs = call.arguments.convert(self._argument)
        source = call.operation
        known = id(source) in self._copies
        if not known:
            self._copies[id(source)] = copied(source, self.prefix + call.name)
        copy = self._copies[id(source)]
        results = keras.tree.flatten(copy(*args, **kwargs))  # the first call makes the weights
        if not known:
            copy_weights(source, copy)
        return results

    def _argument(self, value: Any) -> Any:
        return self._tensor(value) if isinstance(value, keras.KerasTensor) else value


def copied(operation: Any, name: str) -> Any:
    """Return a new operation of the same kind and settings under `name`, not yet with its weights.

    A nested model is built anew from its graph, so that a shunt stays a model of its own.
    """
    if isinstance(operation, keras.Model) and getattr(operation, "inputs", None):
        return rebuilt(operation, name=name)
    config = {**operation.get_config(), "name": name}
    return type(operation).from_config(config)


def copy_weights(source: Any, target: Any) -> None:
    """Copy every variable of `source` to `target`: weights, statistics, states of generators."""
    for given, taken in zip(
        getattr(source, "variables", ()), getattr(target, "variables", ()), strict=True
    ):
        taken.assign(given)


def rebuilt(
    model: Any, detours: Detours | None = None, prefix: str = "", name: str | None = None
) -> Any:
    """Return a model with the outputs of `model`, the `detours` taken, that shares nothing with it.

    Layers that the outputs no longer depend on are gone.

    Raises
    ------
    HarnessError
        A layer of a detour has a name that another layer has already.
    """
    work = Rebuilding(model, detours or {}, prefix)
    _, structure = ends(model)
    flat = keras.tree.flatten(structure)
    made = dict(zip(map(id, flat), work.tensors(flat), strict=True))
    outputs = keras.tree.map_structure(lambda tensor: made[id(tensor)], structure)
    return assembled(work.inputs, outputs, name or prefix + model.name)


def assembled(inputs: Any, outputs: Any, name: str) -> Any:
    """Return the model from `inputs` to `outputs`; refuse two layers of one name."""
    calls = ordered(keras.tree.flatten(outputs), {})
    # A layer that is called twice is one layer.
    layers = {id(call.operation): call.name for call in calls}
    twice = sorted(one for one, count in Counter(layers.values()).items() if count > 1)
    if twice:
        raise HarnessError(
            f"two layers of the network '{name}' would be named '{twice[0]}'",
            "give each shunt a name of its own, or another prefix",
        )
    return keras.Model(inputs, outputs, name=name)
