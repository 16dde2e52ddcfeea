"""From the values of an ensemble to one ONNX model for each width.

Quantised weights stand as codes of one byte, and quantised convolutions sum whole numbers, as
everywhere else. Rounding is built of operations that are exact, as ONNX's own rounds half to even;
normalisation is built as MXNet calculates it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from harness.formats.arrays import Array
from reproductions.ensemble_kd.architecture.description import (
    Block,
    Convolution,
    Description,
    Normalisation,
    Shortcut,
    private_name,
)
from reproductions.ensemble_kd.leaving.graph import Graph
from reproductions.ensemble_kd.leaving.onnx_quantisers import activations, weights
from reproductions.ensemble_kd.leaving.source import Source
from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.quantisation.member import Member

INPUT, OUTPUT = "images", "logits"


def to_onnx(values: Mapping[str, Array], source: Source, member: Member) -> bytes:
    """Return the ONNX model of one member, whose bytes are canonical.

    It takes normalised images (any number, C, H, W) and gives logits (that number, classes).

    Parameters
    ----------
    values
        Those of the whole ensemble `source`.
    """
    start = private_name(member.bits, "")
    own = {name.removeprefix(start): value for name, value in values.items()}
    description = source.description
    network = description.network
    writer = _Writer(own, description, member, source.quantisation)
    graph = writer.network(widest=source.widest(member))
    return graph.model(
        (INPUT, ("batch", network.image_channels, network.image_size, network.image_size)),
        (OUTPUT, ("batch", description.classes)),
    )


@dataclass(frozen=True, eq=False)
class _Writer:
    """Writes a member layer by layer; a map is known by its name in the graph."""

    values: Mapping[str, Array]
    description: Description
    member: Member
    asked: Quantisation
    graph: Graph = field(default_factory=Graph)

    def network(self, *, widest: bool) -> Graph:
        network, graph = self.description, self.graph
        x = self._normalise(INPUT, network.input_of(widest=widest))
        for layer, normalisation in network.stem.layers:
            x = self._convolve(x, self._value(layer.weight), layer)
            if normalisation is not None:
                x = graph.node("Relu", self._normalise(x, normalisation))
        if network.stem.pooled:
            x = graph.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
        x = self._normalise(x, network.stem_normalisation)
        for block in network.blocks:
            x = self._block(x, block)
        mean = graph.node("Flatten", graph.node("GlobalAveragePool", graph.node("Relu", x)))
        ends = self._value("output.weight"), self._value("output.bias")
        graph.node("Gemm", mean, *ends, transB=1, name=OUTPUT)
        return graph

    def _block(self, x: str, block: Block) -> str:
        body = self._normalise(self._quantised(x, block.convolution), block.normalisation)
        if block.shortcut is not None:
            x = self._shortcut(x, block.shortcut)
        x = self.graph.node("Add", body, x)
        kind = self.description.network.add_activation
        if kind == "prelu":
            slope = self.values[block.slope].reshape(-1, 1, 1)
            return self.graph.node("PRelu", x, self.graph.constant(slope, block.slope))
        return self.graph.node({"relu": "Relu", "elu": "Elu"}[kind], x) if kind else x

    def _shortcut(self, x: str, shortcut: Shortcut) -> str:
        if shortcut.pool:
            x = self.graph.node("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
        layer = shortcut.convolution
        if layer.quantised:
            x = self._quantised(x, layer)
        else:
            x = self._convolve(x, self._value(layer.weight), layer)
        return self._normalise(x, shortcut.normalisation)

    def _quantised(self, x: str, layer: Convolution) -> str:
        graph, member = self.graph, self.member
        inputs = activations(graph, x, member, self.values.get(layer.alpha), layer.alpha)
        coded = weights(graph, self.values[layer.weight], layer.weight, member)
        padding = layer.padding
        padded = inputs.name
        if padding and self.asked.padding == "minus_one":
            around = graph.constant(np.array([0, 0, padding, padding] * 2, np.int64))
            padded = graph.node("Pad", padded, around, graph.constant(np.float32(-inputs.levels)))
            padding = 0
        sums = self._convolve(padded, coded.name, layer, padding)
        levels = inputs.levels * coded.levels
        sums = sums if levels == 1 else graph.scalar("Div", sums, levels)
        if not member.offset:
            return sums
        if self.asked.scaling != "none":
            return self._scaled(sums, x, layer)
        return graph.scalar("Div", graph.scalar("Add", sums, layer.fan_in), 2)

    def _scaled(self, sums: str, x: str, layer: Convolution) -> str:
        graph = self.graph
        scale = np.abs(self.values[layer.weight]).mean((1, 2, 3), dtype=np.float32)
        scaled = graph.node(
            "Mul", sums, graph.constant(scale.reshape(-1, 1, 1), f"{layer.name}.scale")
        )
        if self.asked.scaling == "binet":
            return scaled
        magnitude = graph.node("ReduceMean", graph.node("Abs", x), axes=[1], keepdims=1)
        around = graph.node(
            "AveragePool",
            magnitude,
            kernel_shape=[layer.kernel] * 2,
            strides=[layer.stride] * 2,
            pads=[layer.padding] * 4,
            count_include_pad=1,
        )
        return graph.node("Mul", scaled, around)

    def _convolve(self, x: str, weight: str, layer: Convolution, padding: int | None = None) -> str:
        return self.graph.node(
            "Conv",
            x,
            weight,
            kernel_shape=[layer.kernel] * 2,
            strides=[layer.stride] * 2,
            pads=[layer.padding if padding is None else padding] * 4,
            group=layer.groups,
        )

    def _normalise(self, x: str, layer: Normalisation) -> str:
        mean, variance = (self.values[name] for name in layer.statistics)
        gamma = self.values[f"{layer.name}.gamma"] if layer.scaled else np.float32(1)
        scale = gamma / np.sqrt(variance + np.float32(layer.epsilon))
        x = self.graph.node("Sub", x, self._each(mean, f"{layer.name}.mean"))
        x = self.graph.node("Mul", x, self._each(scale, f"{layer.name}.scale"))
        return self.graph.node(
            "Add", x, self._each(self.values[f"{layer.name}.beta"], f"{layer.name}.beta")
        )

    def _each(self, value: Array, name: str) -> str:
        """Return the constant of one number for each channel."""
        return self.graph.constant(value.astype(np.float32).reshape(-1, 1, 1), name)

    def _value(self, name: str) -> str:
        return self.graph.constant(self.values[name].astype(np.float32), name)
