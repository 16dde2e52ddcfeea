"""VGG for small images: 3x3 convolutions with batch normalisation, pools between the groups."""

from __future__ import annotations

from collections.abc import Iterator

from reproductions.nonn.architecture.block import Block
from reproductions.nonn.architecture.layer import BatchNorm, Conv, Layer, MaxPool, Relu
from reproductions.nonn.params.network import Vgg

CHANNELS = (64, 128, 256, 512, 512)
CONVOLUTIONS = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}
"""How many convolutions each of the five groups has, by depth."""


def blocks(network: Vgg) -> Iterator[Block]:
    """Yield the five groups. A pool is left out where the map is one pixel already."""
    inputs, size = network.image_channels, network.image_size
    for group, count in enumerate(CONVOLUTIONS[network.depth]):
        outputs = max(1, int(CHANNELS[group] * network.multiplier))
        body: list[Layer] = []
        for _ in range(count):
            body += [Conv(inputs, outputs, 3, bias=True), BatchNorm(outputs), Relu()]
            inputs = outputs
        if size > 1:
            body.append(MaxPool(2))
            size //= 2
        yield Block(f"group{group + 1}", tuple(body))
