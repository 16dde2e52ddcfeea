"""The networks as descriptions: blocks of typed layers that state what they cost."""

from __future__ import annotations

from functools import lru_cache

from reproductions.shunt.architecture import deeplabv3, mobilenetv2, mobilenetv3
from reproductions.shunt.architecture.block import Architecture, Block, Use
from reproductions.shunt.architecture.layer import Shape
from reproductions.shunt.architecture.sketch import Sketch
from reproductions.shunt.params.network import DeepLabV3, MobileNetV2, Network

__all__ = ["Architecture", "Block", "Shape", "Use", "describe"]


@lru_cache(maxsize=64)
def describe(network: Network) -> Architecture:
    """Describe the whole of `network`, from the image to the probabilities."""
    image = (network.image_height, network.image_width, network.image_channels)
    if isinstance(network, DeepLabV3):
        sketch = Sketch(image)
        deeplabv3.draw(sketch, network)
        return sketch.finish()
    sketch = Sketch(image, network.change_stride_layers)
    if isinstance(network, MobileNetV2):
        mobilenetv2.draw(sketch, network)
    else:
        mobilenetv3.draw(sketch, network)
    return sketch.finish()
