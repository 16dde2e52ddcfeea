"""What the layers of a Keras graph cost: parameters and multiply-adds, nested models included."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import Any

import keras

from harness.errors import HarnessError
from reproductions.shunt.surgery.graph import Call, Graph

COUNTED = (
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    keras.layers.DepthwiseConv1D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv1D,
    keras.layers.SeparableConv2D,
    keras.layers.Dense,
)
"""Layers of which every weight that is no bias is used once at each position of the output."""


class UncountedWarning(UserWarning):
    """A layer with weights whose multiply-adds are not known, and so not counted."""


@dataclass(frozen=True)
class Cost:
    """Of some layers, for one image.

    Parameters
    ----------
    parameters
        All numbers, as Keras counts them; a layer that is called twice has them once.
    macs
        Multiply-adds of convolutions and dense layers, by the size of their outputs.
    """

    parameters: int
    macs: int


def cost(model: Any) -> Cost:
    """Return what the whole of `model` costs."""
    return cost_of(Graph.of(model).calls)


def cost_of(calls: Iterable[Call]) -> Cost:
    """Return what `calls` cost."""
    calls = tuple(calls)
    layers = {id(call.operation): call.operation for call in calls}
    parameters = sum(
        layer.count_params() for layer in layers.values() if isinstance(layer, keras.Layer)
    )
    return Cost(parameters, sum(map(macs, calls)))


def macs(call: Call) -> int:
    """Return the multiply-adds of one call for one image.

    Biases, normalisation, activations, additions and pools have none.
    """
    layer = call.operation
    if isinstance(layer, keras.Model) and getattr(layer, "inputs", None):
        return _nested(call)
    if isinstance(layer, COUNTED):
        return _area(call) * (layer.count_params() - _bias(layer))
    _tell_of_unknown(layer)
    return 0


def _nested(call: Call) -> int:
    given, built = call.inputs[0].shape[1:], call.operation.inputs[0].shape[1:]
    if given != built:
        raise HarnessError(
            f"the nested model '{call.name}' is made for {built}, and called with {given}",
            "build it for the shape that it is called with, so that its layers can be counted",
        )
    return cost(call.operation).macs


def _area(call: Call) -> int:
    positions = call.outputs[0].shape[1:-1]
    if None in positions:
        raise HarnessError(
            f"the size of the map after '{call.name}' is not fixed",
            "build the model for images of a fixed height and width",
        )
    return prod(positions)


def _bias(layer: Any) -> int:
    return prod(layer.bias.shape) if layer.use_bias else 0


def _tell_of_unknown(layer: Any) -> None:
    kernels = [one for one in getattr(layer, "trainable_variables", ()) if len(one.shape) > 1]
    if kernels:
        warnings.warn(
            f"the multiply-adds of '{layer.name}' ({type(layer).__name__}) are not counted",
            UncountedWarning,
            stacklevel=2,
        )
