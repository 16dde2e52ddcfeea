"""Quantisers as operations of ONNX."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from harness.formats.arrays import Array
from reproductions.ensemble_kd.leaving.graph import Graph
from reproductions.ensemble_kd.params.quantisation import ActivationMethod
from reproductions.ensemble_kd.quantisation.codes import largest_code, weight_codes
from reproductions.ensemble_kd.quantisation.member import Member

LEAK = 0.1
"""The slope of `leaky_clip` outside of -1 to 1."""

_FLOAT = 1  # float32, in the numbering of ONNX


@dataclass(frozen=True)
class Named:
    """The name of codes in the graph, and what they are divided by to be what they stand for."""

    name: str
    levels: int = 1


def weights(graph: Graph, values: Array, name: str, member: Member) -> Named:
    """Add the weights `name` as `member` has them: codes of one byte where they are quantised."""
    if member.weights == "identity":
        return Named(graph.constant(values.astype(np.float32), name))
    top = largest_code(member.weight_bits)
    codes = graph.constant(weight_codes(values, member.weight_bits), name)
    levels = graph.scalar("Mul", graph.node("Cast", codes, to=_FLOAT), 2)
    return Named(graph.scalar("Sub", levels, top), top)


def activations(
    graph: Graph, x: str, member: Member, alpha: Array | None, alpha_name: str
) -> Named:
    """Add the quantiser of a member's activations `x`; `alpha`, (1,), is the clip level of PACT."""
    method = member.activations
    if method in _PLAIN:
        return Named(_PLAIN[method](graph, x))
    top = largest_code(member.activation_bits)
    if method == "pact":
        assert alpha is not None
        cut = graph.constant(alpha.astype(np.float32).reshape(1, 1, 1), alpha_name)
        share = graph.scalar("Div", _codes(graph, graph.node("Div", x, cut), top), top)
        return Named(graph.node("Mul", cut, share))
    return Named((_codes if method == "round" else _squeezed)(graph, x, top), top)


def round_half_away(graph: Graph, x: str) -> str:
    """Add the rounding of numbers that are at least 0, exact as every step of it is."""
    down = graph.node("Floor", x)
    up = graph.scalar("GreaterOrEqual", graph.node("Sub", x, down), 0.5)
    return graph.node("Add", down, graph.node("Cast", up, to=_FLOAT))


def _codes(graph: Graph, x: str, top: int) -> str:
    return round_half_away(graph, graph.scalar("Mul", _clip(graph, x, 0, 1), top))


def _signs(graph: Graph, x: str) -> str:
    positive = graph.node("Cast", graph.scalar("GreaterOrEqual", x, 0), to=_FLOAT)
    return graph.scalar("Sub", graph.scalar("Mul", positive, 2), 1)


def _squeezed(graph: Graph, x: str, top: int) -> str:
    """Add DoReFa's formula for activations, by the largest of the whole batch: 2c - top."""
    bent = graph.node("Tanh", x)
    largest = graph.node("ReduceMax", graph.node("Abs", bent), keepdims=0)
    share = graph.node("Div", bent, graph.scalar("Mul", largest, 2))
    place = graph.scalar("Mul", graph.scalar("Add", share, 0.5), top)
    return graph.scalar("Sub", graph.scalar("Mul", round_half_away(graph, place), 2), top)


def _clip(graph: Graph, x: str, low: float, high: float) -> str:
    ends = (graph.constant(np.float32(end)) for end in (low, high))
    return graph.node("Clip", x, *ends)


def _leaky_clip(graph: Graph, x: str) -> str:
    inside = _clip(graph, x, -1, 1)
    outside = graph.scalar("Mul", graph.node("Sub", x, inside), LEAK)
    return graph.node("Add", inside, outside)


_PLAIN: dict[ActivationMethod, Callable[[Graph, str], str]] = {
    "identity": lambda _graph, x: x,
    "relu": lambda graph, x: graph.node("Relu", x),
    "clip": lambda graph, x: _clip(graph, x, -1, 1),
    "leaky_clip": _leaky_clip,
    "det_sign": _signs,
    "approx_sign": _signs,
}
