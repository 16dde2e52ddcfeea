"""The networks as descriptions: blocks of typed layers that state what they cost."""

from __future__ import annotations

from reproductions.nonn.architecture import mobilenetv2, vgg, wrn
from reproductions.nonn.architecture.block import Architecture, Block
from reproductions.nonn.architecture.layer import (
    BatchNorm,
    Conv,
    GlobalAveragePool,
    Linear,
    Relu,
    Shape,
)
from reproductions.nonn.params.network import Network, Vgg, WideResNet

POOL = Block("pool", (GlobalAveragePool(),))


def _image(network: Network) -> Shape:
    return (network.image_channels, network.image_size, network.image_size)


def backbone(network: Network) -> Architecture:
    """Describe `network` up to its last ReLU: the map whose channels are the teacher's filters."""
    if isinstance(network, WideResNet):
        return Architecture(_image(network), tuple(wrn.blocks(network)))
    if isinstance(network, Vgg):
        return Architecture(_image(network), tuple(vgg.blocks(network)))
    return Architecture(_image(network), tuple(mobilenetv2.blocks(network)))


def filters(network: Network) -> int:
    """The number of channels of the last feature map."""
    return backbone(network).output[0]


def classifier(network: Network) -> Architecture:
    """Describe the whole of `network`: backbone, global average pool, linear head."""
    head = head_of(filters(network), network.classes)
    return backbone(network).then(POOL, head)


def head_of(features: int, classes: int) -> Block:
    """Describe the linear layer from pooled features to classes."""
    return Block("head", (Linear(features, classes),))


def student(network: Network, channels: int) -> Architecture:
    """Describe one student node: backbone, bridge to `channels` filters, pool; no head.

    The bridge is a 1x1 convolution without bias, batch normalisation and ReLU, on the map before
    the pool (released code; 178,210 parameters for WRN16-1 with 49 filters).
    """
    trunk = backbone(network)
    bridge = Block("bridge", (Conv(trunk.output[0], channels, 1), BatchNorm(channels), Relu()))
    return trunk.then(bridge, POOL)
