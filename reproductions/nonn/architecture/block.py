"""Blocks of layers, and the network that a sequence of blocks is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from reproductions.nonn.architecture.layer import Layer, Shape


@dataclass(frozen=True)
class Use:
    """One layer where it stands: what comes in and what goes out, for one image."""

    layer: Layer
    input: Shape
    output: Shape

    @property
    def macs(self) -> int:
        """Multiply-adds of the layer here."""
        return self.layer.macs(self.input)

    @property
    def activations(self) -> int:
        """Values that the layer writes."""
        return prod(self.output)


def trace(layers: tuple[Layer, ...], shape: Shape) -> Iterator[Use]:
    """Walk `layers` one after the other from an input of `shape`."""
    for layer in layers:
        use = Use(layer, shape, layer.output(shape))
        yield use
        shape = use.output


@dataclass(frozen=True)
class Block:
    """Layers in sequence, with or without a way around them.

    Parameters
    ----------
    name
        Names the block within its network: ``group2.block0``.
    body
        The layers, first to last.
    shortcut
        None: the output is ``body(x)``. Otherwise it is ``body(x) + shortcut(x)``, and an empty
        shortcut is the identity.
    """

    name: str
    body: tuple[Layer, ...]
    shortcut: tuple[Layer, ...] | None = None

    @property
    def parameters(self) -> int:
        """Trainable numbers of the block."""
        return sum(layer.parameters for layer in self.body + (self.shortcut or ()))

    def uses(self, shape: Shape) -> list[Use]:
        """Every layer where it stands, those of the body first, for an input of `shape`."""
        return [*trace(self.body, shape), *trace(self.shortcut or (), shape)]

    def output(self, shape: Shape) -> Shape:
        """The shape after the block."""
        for layer in self.body:
            shape = layer.output(shape)
        return shape

    def macs(self, shape: Shape) -> int:
        """Multiply-adds of the block for one image of `shape`."""
        return sum(use.macs for use in self.uses(shape))

    def activations(self, shape: Shape) -> int:
        """Values that the block's layers write for one image of `shape`."""
        return sum(use.activations for use in self.uses(shape))


@dataclass(frozen=True)
class Architecture:
    """A network as a sequence of blocks, for images of one shape."""

    image: Shape
    blocks: tuple[Block, ...]

    def placed(self) -> Iterator[tuple[Block, Shape]]:
        """Each block with the shape of its input."""
        shape = self.image
        for block in self.blocks:
            yield block, shape
            shape = block.output(shape)

    def uses(self) -> list[Use]:
        """Every layer of the network where it stands."""
        return [use for block, shape in self.placed() for use in block.uses(shape)]

    @property
    def output(self) -> Shape:
        """The shape of the network's output for one image."""
        shape = self.image
        for block in self.blocks:
            shape = block.output(shape)
        return shape

    @property
    def parameters(self) -> int:
        """Trainable numbers of the network."""
        return sum(block.parameters for block in self.blocks)

    @property
    def macs(self) -> int:
        """Multiply-adds of one forward pass on one image."""
        return sum(block.macs(shape) for block, shape in self.placed())

    @property
    def largest_activation(self) -> int:
        """Values of the largest map that any layer writes for one image."""
        return max(use.activations for use in self.uses())

    def then(self, *blocks: Block) -> Architecture:
        """The network with `blocks` appended."""
        return Architecture(self.image, self.blocks + blocks)
