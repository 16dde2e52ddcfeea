"""The wide residual network, in the form that the released code trains.

Every convolution has a bias, and a block's stride is in its second convolution. The original WRN
has neither; the counts of the paper (8.9 million weights for WRN40-4) need both.
"""

from __future__ import annotations

from collections.abc import Iterator

from reproductions.nonn.architecture.block import Block
from reproductions.nonn.architecture.layer import BatchNorm, Conv, Layer, Relu
from reproductions.nonn.params.network import WideResNet


def _residual(name: str, inputs: int, outputs: int, stride: int) -> Block:
    body: tuple[Layer, ...] = (
        BatchNorm(inputs),
        Relu(),
        Conv(inputs, outputs, 3, bias=True),
        BatchNorm(outputs),
        Relu(),
        Conv(outputs, outputs, 3, stride, bias=True),
    )
    same = stride == 1 and inputs == outputs
    return Block(name, body, () if same else (Conv(inputs, outputs, 1, stride, bias=True),))


def blocks(network: WideResNet) -> Iterator[Block]:
    """Yield the blocks up to the last ReLU: stem, three groups, final normalisation."""
    channels = 16
    yield Block("stem", (Conv(network.image_channels, channels, 3, bias=True),))
    for group, (base, first_stride) in enumerate(((16, 1), (32, 2), (64, 2)), start=1):
        for index in range((network.depth - 4) // 6):
            stride = first_stride if index == 0 else 1
            outputs = base * network.width
            yield _residual(f"group{group}.block{index}", channels, outputs, stride)
            channels = outputs
    yield Block("final", (BatchNorm(channels), Relu()))
