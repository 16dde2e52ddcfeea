"""DeepLabV3 on MobileNetV3 small: a head for segmentation after LR-ASPP (Howard et al. 2019).

The last stage of the backbone has 48 channels, so block 8 could be residual; it is not (release).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reproductions.shunt.architecture.channels import rounded
from reproductions.shunt.architecture.layer import (
    Activation,
    Add,
    AveragePool,
    Conv,
    Multiply,
    Resize,
)
from reproductions.shunt.architecture.mobilenetv3 import (
    HARD_SWISH,
    RELU,
    SMALL,
    STEM,
    Bottleneck,
    draw_block,
)
from reproductions.shunt.architecture.sketch import Sketch
from reproductions.shunt.params.network import DeepLabV3, Pool

LAST, HEAD = 288, 128
"""Channels of the last convolution at the width 1, and of the head."""
TAP = "expanded_conv_2_depthwise_relu"
"""The map at an eighth of the resolution that the head reads."""


def draw(sketch: Sketch, network: DeepLabV3) -> None:
    """Draw the stem, the 11 blocks, the last convolution and the head."""
    sketch.normalised("Conv", Conv(sketch.channels, STEM, 3, 2))
    sketch.activated("Conv", HARD_SWISH)
    sketch.close("stem")
    for ordinal, block in enumerate(_blocks(network.output_stride)):
        draw_block(sketch, ordinal, block, network.width)
    sketch.normalised("Conv_1", Conv(sketch.channels, rounded(LAST * network.width)))
    sketch.activated("Conv_1", HARD_SWISH)
    sketch.close("last")
    _head(sketch, network.pool, network.classes)


def _blocks(output_stride: int) -> Iterator[Bottleneck]:
    """Yield the blocks; those behind a stride that is left out are dilated instead."""
    early = 2 if output_stride == 8 else 1
    late = early if output_stride == 32 else 2 * early
    for ordinal, block in enumerate(SMALL):
        if ordinal == 3 and output_stride == 8:
            yield replace(block, stride=1)
        elif ordinal < 4:
            yield block
        elif ordinal < 8:
            yield replace(block, dilation=early)
        elif ordinal == 8:
            stride = 2 if output_stride == 32 else 1
            yield replace(
                block, expansion=3, channels=48, stride=stride, dilation=early, skip=False
            )
        else:
            yield replace(block, channels=48, dilation=late)


def _head(sketch: Sketch, pool: Pool, classes: int) -> None:
    """Draw the head: features times a factor from the pooled map, plus the early map's votes."""
    features, (height, width, channels) = sketch.last, sketch.shape
    sketch.add("image_pooling_AvgPool", AveragePool(pool.size, pool.strides))
    sketch.add("image_pooling", Conv(channels, HEAD, bias=True))
    sketch.add("sigmoid_pooling", Activation("hard_sigmoid"))
    factor = sketch.add("Resize_1", Resize(height, width))
    sketch.normalised("aspp0", Conv(channels, HEAD), source=features)
    sketch.activated("aspp0", RELU)
    sketch.add("aspp0_Mul", Multiply(), sketch.last, factor)
    early = sketch.shape_of(TAP)
    sketch.add("Resize_2", Resize(*early[:2]))
    votes = sketch.add("decoder_decoder_conv0", Conv(HEAD, classes, bias=True))
    more = sketch.add("decoder_feature_projection0", Conv(early[2], classes, bias=True), TAP)
    sketch.add("decoder_Add", Add(), votes, more)
    sketch.add("Resize_3", Resize(*sketch.image[:2]))
    sketch.add("softmax", Activation("softmax"))
    sketch.close("head")
