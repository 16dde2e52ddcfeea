"""MobileNetV2: inverted residual blocks with linear bottlenecks (Sandler et al. 2018).

The variant of Keras with the release's names: strided layers pad by themselves, and the last
convolution keeps its 1280 channels below the width 1.
"""

from __future__ import annotations

from collections.abc import Iterator

from reproductions.shunt.architecture.channels import rounded
from reproductions.shunt.architecture.layer import (
    Activation,
    Add,
    Conv,
    Dense,
    Depthwise,
    GlobalAveragePool,
)
from reproductions.shunt.architecture.sketch import Sketch
from reproductions.shunt.params.network import MobileNetV2

GROUPS = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
"""Expansion, channels, blocks and first stride of each group."""
STEM, LAST = 32, 1280
RELU6 = Activation("relu6")


def draw(sketch: Sketch, network: MobileNetV2) -> None:
    """Draw the stem, the 17 blocks, the last convolution and the head."""
    sketch.padded("Conv_pad", 3)
    stem = Conv(sketch.channels, rounded(STEM * network.width), 3, sketch.stride(2), 1, "valid")
    sketch.normalised("Conv", stem)
    sketch.activated("Conv", RELU6)
    sketch.close("stem")
    for ordinal, (expansion, channels, stride) in enumerate(_blocks()):
        _block(sketch, ordinal, expansion, rounded(int(channels * network.width)), stride)
    last = Conv(sketch.channels, rounded(LAST * max(1.0, network.width)))
    sketch.normalised("Conv_1", last, "Conv_1_bn")
    sketch.add("out_relu", RELU6)
    sketch.close("last")
    if network.top:
        _head(sketch, network.classes)


def _blocks() -> Iterator[tuple[int, int, int]]:
    """Yield expansion, channels and stride of each block."""
    for expansion, channels, count, stride in GROUPS:
        for index in range(count):
            yield expansion, channels, stride if index == 0 else 1


def _block(sketch: Sketch, ordinal: int, expansion: int, outputs: int, stride: int) -> None:
    name = f"expanded_conv_{ordinal}"
    start, inputs = sketch.last, sketch.channels
    hidden = expansion * inputs
    if ordinal:
        sketch.normalised(f"{name}_expand", Conv(inputs, hidden))
        sketch.activated(f"{name}_expand", RELU6)
    if stride == 2:
        sketch.padded(f"{name}_pad", 3)
        depthwise = Depthwise(hidden, 3, sketch.stride(2), padding="valid")
    else:
        depthwise = Depthwise(hidden, 3)
    sketch.normalised(f"{name}_depthwise", depthwise)
    sketch.activated(f"{name}_depthwise", RELU6)
    sketch.normalised(f"{name}_project", Conv(hidden, outputs))
    if stride == 1 and inputs == outputs:
        sketch.add(f"{name}_Add", Add(), start, sketch.last)
    sketch.close(name, ordinal)


def _head(sketch: Sketch, classes: int) -> None:
    sketch.add("AvgPool", GlobalAveragePool())
    sketch.add("Logits", Dense(sketch.channels, classes))
    sketch.add("softmax", Activation("softmax"))
    sketch.close("head")
