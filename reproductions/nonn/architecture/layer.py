"""Layers as descriptions: what each costs and which shape it leaves, without a tensor.

A multiply-add is one weight times one value, added up; only convolutions and linear layers have
any, as in the counts that the released code quotes.
"""

from __future__ import annotations

from dataclasses import dataclass

Shape = tuple[int, int, int]
"""Channels, height, width of one image's feature map."""


@dataclass(frozen=True)
class Conv:
    """A square convolution, padded by `(kernel - 1) / 2` on each side."""

    inputs: int
    outputs: int
    kernel: int
    stride: int = 1
    groups: int = 1
    bias: bool = False

    @property
    def padding(self) -> int:
        """Zeros added on each side; a map of one pixel stays one pixel at any stride."""
        return (self.kernel - 1) // 2

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        weights = self.outputs * (self.inputs // self.groups) * self.kernel**2
        return weights + self.outputs * self.bias

    def output(self, shape: Shape) -> Shape:
        """The shape after the layer."""
        _, height, width = shape
        return (self.outputs, (height - 1) // self.stride + 1, (width - 1) // self.stride + 1)

    def macs(self, shape: Shape) -> int:
        """Multiply-adds for one image of `shape`."""
        _, height, width = self.output(shape)
        return self.outputs * (self.inputs // self.groups) * self.kernel**2 * height * width


@dataclass(frozen=True)
class BatchNorm:
    """Batch normalisation with a scale and a shift for each channel."""

    channels: int

    @property
    def parameters(self) -> int:
        """Scales and shifts; running statistics are no parameters."""
        return 2 * self.channels

    def output(self, shape: Shape) -> Shape:
        """The shape after the layer."""
        return shape

    def macs(self, shape: Shape) -> int:  # noqa: ARG002 - every layer answers the same question
        """None are counted: the layer folds into the convolution beside it."""
        return 0


@dataclass(frozen=True)
class Relu:
    """The positive part."""

    @property
    def parameters(self) -> int:
        """None."""
        return 0

    def output(self, shape: Shape) -> Shape:
        """The shape after the layer."""
        return shape

    def macs(self, shape: Shape) -> int:  # noqa: ARG002 - every layer answers the same question
        """None."""
        return 0


@dataclass(frozen=True)
class MaxPool:
    """The maximum over non-overlapping squares of `size` pixels."""

    size: int

    @property
    def parameters(self) -> int:
        """None."""
        return 0

    def output(self, shape: Shape) -> Shape:
        """The shape after the layer."""
        channels, height, width = shape
        return (channels, height // self.size, width // self.size)

    def macs(self, shape: Shape) -> int:  # noqa: ARG002 - every layer answers the same question
        """None."""
        return 0


@dataclass(frozen=True)
class GlobalAveragePool:
    """The mean of each channel over the whole map, whatever its size."""

    @property
    def parameters(self) -> int:
        """None."""
        return 0

    def output(self, shape: Shape) -> Shape:
        """The shape after the layer: one pixel."""
        return (shape[0], 1, 1)

    def macs(self, shape: Shape) -> int:  # noqa: ARG002 - every layer answers the same question
        """None."""
        return 0


@dataclass(frozen=True)
class Linear:
    """A linear layer on the flattened map."""

    inputs: int
    outputs: int

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return self.inputs * self.outputs + self.outputs

    def output(self, shape: Shape) -> Shape:  # noqa: ARG002 - every layer answers the same question
        """The shape after the layer: `outputs` channels of one pixel."""
        return (self.outputs, 1, 1)

    def macs(self, shape: Shape) -> int:  # noqa: ARG002 - every layer answers the same question
        """Multiply-adds for one image."""
        return self.inputs * self.outputs


Layer = Conv | BatchNorm | Relu | MaxPool | GlobalAveragePool | Linear
