"""MobileNetV2 for small images: inverted residuals; three groups halve the resolution."""

from __future__ import annotations

from collections.abc import Iterator

from reproductions.nonn.architecture.block import Block
from reproductions.nonn.architecture.layer import BatchNorm, Conv, Layer, Relu
from reproductions.nonn.params.network import MobileNetV2

GROUPS = (
    (1, 16, 1, 1),
    (6, 24, 2, 1),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
"""Expansion, channels, blocks and first stride of each group."""
STEM, LAST = 32, 1280


def _normalised(conv: Conv) -> tuple[Layer, ...]:
    return (conv, BatchNorm(conv.outputs))


def _inverted(name: str, inputs: int, outputs: int, expansion: int, stride: int) -> Block:
    hidden = inputs * expansion
    body = (
        *_normalised(Conv(inputs, hidden, 1)),
        Relu(),
        *_normalised(Conv(hidden, hidden, 3, stride, groups=hidden)),
        Relu(),
        *_normalised(Conv(hidden, outputs, 1)),
    )
    if stride != 1:
        return Block(name, body)
    return Block(name, body, () if inputs == outputs else _normalised(Conv(inputs, outputs, 1)))


def blocks(network: MobileNetV2) -> Iterator[Block]:
    """Yield the blocks up to the last ReLU: stem, seven groups, last convolution."""

    def scaled(channels: int) -> int:
        return max(1, int(channels * network.multiplier))

    inputs = scaled(STEM)
    yield Block("stem", (*_normalised(Conv(network.image_channels, inputs, 3)), Relu()))
    for group, (expansion, channels, count, first_stride) in enumerate(GROUPS, start=1):
        for index in range(count):
            stride = first_stride if index == 0 else 1
            name = f"group{group}.block{index}"
            yield _inverted(name, inputs, scaled(channels), expansion, stride)
            inputs = scaled(channels)
    yield Block("final", (*_normalised(Conv(inputs, scaled(LAST), 1)), Relu()))
