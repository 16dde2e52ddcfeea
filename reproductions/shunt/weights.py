"""A Keras model's weights as NumPy arrays, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np

from harness.errors import HarnessError
from harness.formats.arrays import Array


def variables(model: keras.Model) -> dict[str, Any]:
    """Return the weights of `model` by name, in the order of its layers; they share its memory.

    A name is ``<layer>/<weight>``, in a nested model ``<model>/<layer>/<weight>``. Where a layer
    has several weights of one name, the second is ``<weight>_1``. What a random layer counts with
    is no weight.
    """
    return dict(_named(model))


def _named(model: keras.Model) -> Iterator[tuple[str, Any]]:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from ((f"{layer.name}/{name}", value) for name, value in _named(layer))
            continue
        seen: dict[str, int] = {}
        for weight in layer.weights:
            count = seen[weight.name] = seen.get(weight.name, -1) + 1
            yield f"{layer.name}/{weight.name}" + (f"_{count}" if count else ""), weight


def snapshot(model: keras.Model) -> dict[str, Array]:
    """Return a copy of what `variables` names."""
    return {name: weight.value.numpy().copy() for name, weight in variables(model).items()}


def restore(model: keras.Model, weights: Mapping[str, Array], source: str) -> None:
    """Copy `weights` into `model`; `source` names them when they do not fit.

    Raises
    ------
    HarnessError
        A name, a shape or a type differs from the model's; it names the first layer of which that
        is so. The model is as it was.
    """
    own = variables(model)
    strange = [name for name, weight in own.items() if _problem(weight, weights.get(name))]
    strange += [name for name in weights if name not in own]
    if strange:
        first = strange[0]
        layer, _, weight = first.rpartition("/")
        said = _problem(own[first], weights.get(first)) if first in own else "is left over"
        raise HarnessError(
            f"the weights in {source} are not of the network {model.name}: in the layer "
            f"'{layer}' the weight '{weight}' {said}; {len(strange) - 1} more do not fit",
            "give this stage the same network as the stage that trained the weights",
        )
    for name, variable in own.items():
        variable.assign(weights[name])


def _problem(variable: Any, found: Array | None) -> str:
    """Tell why `found` cannot be the value of `variable`; nothing where it can."""
    if found is None:
        return "is missing"
    if tuple(variable.shape) != found.shape:
        return f"has the shape {found.shape} and not {tuple(variable.shape)}"
    if found.dtype != np.dtype(variable.dtype):
        return f"is of type {found.dtype} and not {variable.dtype}"
    return ""
