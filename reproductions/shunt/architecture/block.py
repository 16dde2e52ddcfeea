"""Blocks of layers, and the network that a sequence of blocks is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod

from reproductions.shunt.architecture.layer import Add, Conv, Depthwise, Layer, Shape

IMAGE = "image"
"""The name of the network's input."""


@dataclass(frozen=True)
class Use:
    """One layer where it stands: its name, what it reads, what comes in and what goes out.

    Parameters
    ----------
    name
        The layer's name within its network.
    layer
        What it is.
    sources
        Names of the layers that it reads.
    input, output
        Shape of the first source and of the result, for one image.
    """

    name: str
    layer: Layer
    sources: tuple[str, ...]
    input: Shape
    output: Shape

    @property
    def macs(self) -> int:
        """Multiply-adds of the layer here."""
        return self.layer.macs(self.input)

    @property
    def released_macs(self) -> int:
        """Multiply-adds of the layer here as the released tool counts them."""
        return self.layer.released_macs(self.input)


@dataclass(frozen=True)
class Block:
    """Layers in the order in which they are built, from one map to one map.

    Parameters
    ----------
    name
        Names the block within its network: ``expanded_conv_3``.
    ordinal
        The block's number, from 0; None for a part that is no block: stem, last convolution, head.
    uses
        Its layers. The last one's output is the block's.
    """

    name: str
    ordinal: int | None
    uses: tuple[Use, ...]

    @property
    def input(self) -> Shape:
        """The shape of the map that comes in."""
        return self.uses[0].input

    @property
    def output(self) -> Shape:
        """The shape of the map that goes out."""
        return self.uses[-1].output

    @property
    def residual(self) -> bool:
        """Whether the block is a sum with its own input, so that it can be taken out."""
        return isinstance(self.uses[-1].layer, Add)

    @cached_property
    def parameters(self) -> int:
        """All numbers of the block, as Keras counts them."""
        return sum(use.layer.parameters for use in self.uses)

    @cached_property
    def trainable(self) -> int:
        """The numbers of the block that training changes."""
        return sum(use.layer.trainable for use in self.uses)

    @cached_property
    def macs(self) -> int:
        """Multiply-adds of the block for one image."""
        return sum(use.macs for use in self.uses)

    @cached_property
    def released_macs(self) -> int:
        """Multiply-adds of the block as the released tool counts them."""
        return sum(use.released_macs for use in self.uses)

    @property
    def stride(self) -> int:
        """The product of the strides of its depthwise convolutions."""
        return prod(layer.stride for layer in self._depthwise)

    @property
    def dilation(self) -> int:
        """The dilation of its last depthwise convolution, 1 where it has none."""
        return self._depthwise[-1].dilation if self._depthwise else 1

    @cached_property
    def _depthwise(self) -> tuple[Depthwise, ...]:
        return tuple(use.layer for use in self.uses if isinstance(use.layer, Depthwise))


@dataclass(frozen=True)
class Architecture:
    """A network for images of one shape.

    Parameters
    ----------
    image
        Height, width and channels of an image.
    parts
        All of the network in sequence: the stem, the blocks, the last convolution, the head.
    """

    image: Shape
    parts: tuple[Block, ...]

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The inverted residual blocks; the place of each is its ordinal."""
        return tuple(part for part in self.parts if part.ordinal is not None)

    @cached_property
    def uses(self) -> tuple[Use, ...]:
        """Every layer of the network."""
        return tuple(use for part in self.parts for use in part.uses)

    @property
    def output(self) -> Shape:
        """The shape of the network's output for one image."""
        return self.parts[-1].output

    @cached_property
    def parameters(self) -> int:
        """All numbers of the network, as Keras counts them."""
        return sum(part.parameters for part in self.parts)

    @cached_property
    def trainable(self) -> int:
        """The numbers of the network that training changes."""
        return sum(part.trainable for part in self.parts)

    @cached_property
    def macs(self) -> int:
        """Multiply-adds of one forward pass on one image."""
        return sum(part.macs for part in self.parts)

    @cached_property
    def released_macs(self) -> int:
        """Multiply-adds of one forward pass as the released tool counts them."""
        return sum(part.released_macs for part in self.parts)

    @property
    def released_count(self) -> dict[str, int]:
        """The answer of the released tool: by kind of convolution, and the total."""
        convolutions, depthwise = (
            sum(use.released_macs for use in self.uses if isinstance(use.layer, kind))
            for kind in (Conv, Depthwise)
        )
        return {
            "conv2d": convolutions,
            "depthwise_conv2d": depthwise,
            "total": convolutions + depthwise,
        }

    @cached_property
    def tapped(self) -> frozenset[int]:
        """Ordinals of the blocks of which another part reads an inner map.

        DeepLab's head reads the expanded map of block 2: no window can hold that block.
        """
        read = {
            (source, part.name)
            for part in self.parts
            for use in part.uses
            for source in use.sources
        }
        return frozenset(
            block.ordinal
            for block in self.blocks
            if block.ordinal is not None
            for use in block.uses[:-1]
            if any(source == use.name and reader != block.name for source, reader in read)
        )
