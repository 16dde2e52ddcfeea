"""The most values that a network holds at one time while it answers one image."""

from __future__ import annotations

from math import prod

from reproductions.nonn.architecture.block import Architecture, Block, trace
from reproductions.nonn.architecture.layer import BatchNorm, Layer, Relu, Shape


def peak_activations(network: Architecture) -> int:
    """Return the most activation values that are held at once; weights are not counted.

    A layer holds its input and its output together. Normalisation and ReLU write over their
    input, unless the way around the block still needs it. The sum at the end of a block writes
    over one of its terms.
    """
    return max((_peak(block, shape) for block, shape in network.placed()), default=0)


def _peak(block: Block, shape: Shape) -> int:
    """Return the most values that `block` holds at once for an input of `shape`."""
    if block.shortcut is None:
        return _walk(block.body, shape, keeps_input=False)
    after = prod(block.output(shape))
    around = _walk(block.shortcut, shape, keeps_input=False)
    return max(_walk(block.body, shape, keeps_input=True), after + around)


def _walk(layers: tuple[Layer, ...], shape: Shape, *, keeps_input: bool) -> int:
    """Return the most values held along `layers`; with `keeps_input` theirs is held to the end."""
    first = prod(shape)
    peak, at_input = first, True
    for use in trace(layers, shape):
        kept = first if keeps_input and not at_input else 0
        # Where the input must stay, a first layer writes beside it; what follows holds as much.
        read = 0 if isinstance(use.layer, BatchNorm | Relu) else prod(use.input)
        peak = max(peak, kept + read + use.activations)
        at_input = False
    return peak
