"""Multiply-adds of a model under the release's names."""

from __future__ import annotations

from typing import Any

import keras

from reproductions.shunt.surgery.cost import macs
from reproductions.shunt.surgery.graph import Call, Graph


def flops(model: Any) -> dict[str, int]:
    """Return the multiply-adds of one image, by the kind of the layer and in total.

    They go by the size of a layer's output and by every nested model, the shunt included. The
    release goes by the input's size, and from TensorFlow 2.3 on leaves the shunt out.

    Returns
    -------
    ``conv2d``, ``depthwise_conv2d`` and ``total``, as the release, and ``dense``, which it leaves
    out.
    """
    found = {"conv2d": 0, "depthwise_conv2d": 0, "dense": 0}
    for call in _flat(model):
        found[_kind(call.operation)] += macs(call)
    return {**found, "total": sum(found.values())}


def _flat(model: Any) -> list[Call]:
    calls = []
    for call in Graph.of(model).calls:
        nested = isinstance(call.operation, keras.Model)
        calls += _flat(call.operation) if nested else [call]
    return calls


def _kind(operation: Any) -> str:
    if isinstance(operation, keras.layers.DepthwiseConv2D):
        return "depthwise_conv2d"
    return "dense" if isinstance(operation, keras.layers.Dense) else "conv2d"


def speed_up(original: float, final: float) -> float:
    """Return by how many percent `final` is less than `original`."""
    return 100 * (original - final) / original
