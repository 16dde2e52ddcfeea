"""Layers as descriptions: names, shapes and counts of numbers, without a tensor."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

Shape = tuple[int, ...]

BASE_EPSILON = 2e-5
"""Of the images' normalisation in the widest member (BMXNet's examples)."""
EPSILON = 1e-5
"""Of every other normalisation: Gluon's default."""
MOMENTUM = 0.9
"""Of the running statistics: `running = 0.9 * running + 0.1 * of the batch`."""


@dataclass(frozen=True)
class Convolution:
    """A square convolution without bias; maps are (batch, channels, height, width).

    Parameters
    ----------
    name
        Where it is, such as ``stage2.block1.conv``.
    padding
        Pixels at each border.
    quantised
        Weights and activations are quantised, in members that are.
    """

    name: str
    in_channels: int
    out_channels: int
    kernel: int
    stride: int
    padding: int
    groups: int
    quantised: bool

    @property
    def shape(self) -> Shape:
        """Of the weight: outputs, inputs of a group, height, width."""
        return (self.out_channels, self.in_channels // self.groups, self.kernel, self.kernel)

    @property
    def size(self) -> int:
        """How many weights there are."""
        return prod(self.shape)

    @property
    def fan_in(self) -> int:
        """How many products are summed in one output: the `n` of `(h + n) / 2` at one bit."""
        return self.size // self.out_channels

    @property
    def weight(self) -> str:
        """The canonical name of the weight."""
        return f"{self.name}.weight"

    @property
    def alpha(self) -> str:
        """The name, without a member's prefix, of the clip level of PACT before it."""
        block, _, part = self.name.rpartition(".")
        return f"{block}.alpha" if part == "conv" else f"{block}.{part}_alpha"

    def output(self, size: int) -> int:
        """Return height and width, pixels, of the map that it makes of one of `size` pixels."""
        return (size + 2 * self.padding - self.kernel) // self.stride + 1


@dataclass(frozen=True)
class Normalisation:
    """Batch normalisation; the name has no member's prefix: ``stage1.block1.bn``.

    Without a scale (`scaled` is False) gamma is 1 and is not among the values.
    """

    name: str
    channels: int
    scaled: bool = True
    epsilon: float = EPSILON

    @property
    def trained(self) -> tuple[str, ...]:
        """The names, without a member's prefix, of what training changes by gradients."""
        return (*((f"{self.name}.gamma",) if self.scaled else ()), f"{self.name}.beta")

    @property
    def statistics(self) -> tuple[str, ...]:
        """The names, without a member's prefix, of the running statistics."""
        return (f"{self.name}.mean", f"{self.name}.variance")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all values, without a member's prefix; each value is (channels,)."""
        return (*self.trained, *self.statistics)


@dataclass(frozen=True)
class Shortcut:
    """What goes around a block: pooling, a 1x1 convolution, normalisation.

    `pool`: the map is first narrowed by the mean of 2x2 with stride 2; else the convolution's
    stride narrows it.
    """

    pool: bool
    convolution: Convolution
    normalisation: Normalisation


@dataclass(frozen=True)
class Block:
    """Quantise activations, convolve, normalise, add the shortcut (the input where it is None).

    Nothing follows the addition but the activation that is asked for as `add_activation`.
    """

    name: str
    convolution: Convolution
    normalisation: Normalisation
    shortcut: Shortcut | None

    @property
    def slope(self) -> str:
        """The name, without a member's prefix, of the slope of a PReLU after the block."""
        return f"{self.name}.slope"


@dataclass(frozen=True)
class Stem:
    """The first layers: each convolution with its normalisation and ReLU, or with neither (None).

    `pooled`: a 3x3 maximum with stride 2 and padding 1 ends them.
    """

    kind: str
    layers: tuple[tuple[Convolution, Normalisation | None], ...]
    pooled: bool
