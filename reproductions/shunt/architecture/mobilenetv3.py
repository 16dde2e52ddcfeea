"""MobileNetV3, small and large (Howard et al. 2019), with the release's names.

Only the stem pads by itself, and it has 16 channels at every width.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from reproductions.shunt.architecture.channels import rounded
from reproductions.shunt.architecture.layer import (
    Activation,
    Add,
    AsMap,
    Conv,
    Depthwise,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Multiply,
)
from reproductions.shunt.architecture.sketch import Sketch
from reproductions.shunt.params.network import MobileNetV3

RELU, HARD_SWISH = Activation("relu"), Activation("hard_swish")
STEM = 16
SQUEEZE = 0.25
DROPOUT = 0.2
LAST = {"small": 1024, "large": 1280}
"""Channels of the layer before the classes."""


@dataclass(frozen=True)
class Bottleneck:
    """What one block is told.

    Parameters
    ----------
    expansion
        Channels of the depthwise convolution by channels of the input.
    channels
        Channels of the output at the width 1.
    kernel, stride, dilation
        Of the depthwise convolution.
    squeeze
        Whether it has squeeze-and-excitation.
    activation
        After the expansion and the depthwise convolution.
    skip
        Whether it may be residual.
    """

    expansion: float
    channels: int
    kernel: int
    stride: int
    squeeze: bool
    activation: Activation
    dilation: int = 1
    skip: bool = True

    def minimal(self) -> Bottleneck:
        """Return the block of the minimalistic network."""
        return replace(self, kernel=3, squeeze=False, activation=RELU)


SMALL: tuple[Bottleneck, ...] = (
    Bottleneck(1, 16, 3, 2, squeeze=True, activation=RELU),
    Bottleneck(72 / 16, 24, 3, 2, squeeze=False, activation=RELU),
    Bottleneck(88 / 24, 24, 3, 1, squeeze=False, activation=RELU),
    Bottleneck(4, 40, 5, 2, squeeze=True, activation=HARD_SWISH),
    Bottleneck(6, 40, 5, 1, squeeze=True, activation=HARD_SWISH),
    Bottleneck(6, 40, 5, 1, squeeze=True, activation=HARD_SWISH),
    Bottleneck(3, 48, 5, 1, squeeze=True, activation=HARD_SWISH),
    Bottleneck(3, 48, 5, 1, squeeze=True, activation=HARD_SWISH),
    Bottleneck(6, 96, 5, 2, squeeze=True, activation=HARD_SWISH),
    Bottleneck(6, 96, 5, 1, squeeze=True, activation=HARD_SWISH),
    Bottleneck(6, 96, 5, 1, squeeze=True, activation=HARD_SWISH),
)
LARGE: tuple[Bottleneck, ...] = (
    Bottleneck(1, 16, 3, 1, squeeze=False, activation=RELU),
    Bottleneck(4, 24, 3, 2, squeeze=False, activation=RELU),
    Bottleneck(3, 24, 3, 1, squeeze=False, activation=RELU),
    Bottleneck(3, 40, 5, 2, squeeze=True, activation=RELU),
    Bottleneck(3, 40, 5, 1, squeeze=True, activation=RELU),
    Bottleneck(3, 40, 5, 1, squeeze=True, activation=RELU),
    Bottleneck(6, 80, 3, 2, squeeze=False, activation=HARD_SWISH),
    Bottleneck(2.5, 80, 3, 1, squeeze=False, activation=HARD_SWISH),
    Bottleneck(2.3, 80, 3, 1, squeeze=False, activation=HARD_SWISH),
    Bottleneck(2.3, 80, 3, 1, squeeze=False, activation=HARD_SWISH),
    Bottleneck(6, 112, 3, 1, squeeze=True, activation=HARD_SWISH),
    Bottleneck(6, 112, 3, 1, squeeze=True, activation=HARD_SWISH),
    Bottleneck(6, 160, 5, 2, squeeze=True, activation=HARD_SWISH),
    Bottleneck(6, 160, 5, 1, squeeze=True, activation=HARD_SWISH),
    Bottleneck(6, 160, 5, 1, squeeze=True, activation=HARD_SWISH),
)


def draw(sketch: Sketch, network: MobileNetV3) -> None:
    """Draw the stem, the blocks, the last convolution and the head."""
    blocks = SMALL if network.size == "small" else LARGE
    activation = HARD_SWISH
    if network.minimalistic:
        blocks, activation = tuple(block.minimal() for block in blocks), RELU
    sketch.padded("Conv_pad", 3)
    sketch.normalised("Conv", Conv(sketch.channels, STEM, 3, sketch.stride(2), 1, "valid"))
    sketch.activated("Conv", activation)
    sketch.close("stem")
    for ordinal, block in enumerate(blocks):
        draw_block(sketch, ordinal, block, network.width)
    sketch.normalised("Conv_1", Conv(sketch.channels, rounded(sketch.channels * 6)))
    sketch.activated("Conv_1", activation)
    sketch.close("last")
    if network.top:
        last = LAST[network.size]
        features = rounded(last * network.width) if network.width > 1 else last
        _head(sketch, features, activation, network.classes)


def draw_block(sketch: Sketch, ordinal: int, block: Bottleneck, width: float) -> None:
    """Draw one block at `width`; the first one has no expansion."""
    name = f"expanded_conv_{ordinal}"
    start, inputs = sketch.last, sketch.channels
    hidden, outputs = inputs, rounded(block.channels * width)
    if ordinal:
        hidden = rounded(inputs * block.expansion)
        sketch.normalised(f"{name}_expand", Conv(inputs, hidden))
        sketch.activated(f"{name}_expand", block.activation)
    stride = sketch.stride(block.stride)
    sketch.normalised(f"{name}_depthwise", Depthwise(hidden, block.kernel, stride, block.dilation))
    sketch.activated(f"{name}_depthwise", block.activation)
    if block.squeeze:
        _squeeze(sketch, name, hidden)
    sketch.normalised(f"{name}_project", Conv(hidden, outputs))
    if block.skip and block.stride == 1 and inputs == outputs:
        sketch.add(f"{name}_Add", Add(), start, sketch.last)
    sketch.close(name, ordinal)


def _squeeze(sketch: Sketch, name: str, channels: int) -> None:
    """Draw squeeze-and-excitation: a factor for each channel, from the channels' means."""
    start, squeezed = sketch.last, rounded(channels * SQUEEZE)
    sketch.add(f"{name}_squeeze_excite_AvgPool", GlobalAveragePool())
    sketch.add(f"{name}_reshape", AsMap())
    sketch.add(f"{name}_squeeze_excite_Conv", Conv(channels, squeezed, bias=True))
    sketch.add(f"{name}_squeeze_excite_Relu", RELU)
    sketch.add(f"{name}_squeeze_excite_Conv_1", Conv(squeezed, channels, bias=True))
    sketch.add(f"{name}_activation", Activation("hard_sigmoid"))
    sketch.add(f"{name}_squeeze_excite_Mul", Multiply(), start, sketch.last)


def _head(sketch: Sketch, features: int, activation: Activation, classes: int) -> None:
    sketch.add("AvgPool", GlobalAveragePool())
    sketch.add("AvgPool_reshape", AsMap())
    sketch.add("Conv_2", Conv(sketch.channels, features, bias=True))
    sketch.activated("Conv_2", activation)
    sketch.add("Dropout", Dropout(DROPOUT))
    sketch.add("Logits", Conv(features, classes, bias=True))
    sketch.add("Flatten", Flatten())
    sketch.add("softmax", Activation("softmax"))
    sketch.close("head")
