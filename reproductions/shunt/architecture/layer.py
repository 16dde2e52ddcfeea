"""Layers as descriptions: what each costs and which shape it leaves, without a tensor.

Parameters are counted as Keras counts them: batch normalisation has four a channel, of which two
are trained. A multiply-add is one weight times one value, added up: only convolutions and dense
layers have any. The released tool counts them otherwise (Haas 2021, release): it multiplies by the
area of the input and divides by the square of the stride, and leaves dense layers out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Shape = tuple[int, int, int]
"""Height, width, channels of one image's map; a vector is a map of one pixel."""

Padding = Literal["same", "valid"]


def strided(size: int, kernel: int, stride: int, dilation: int, padding: Padding) -> int:
    """Return how many positions a kernel takes along `size` pixels; below 1 it does not fit."""
    if padding == "same":
        return -(-size // stride)
    return (size - (kernel - 1) * dilation - 1) // stride + 1


@dataclass(frozen=True)
class Layer:
    """A layer that has no weights, multiplies nothing and leaves the shape as it is.

    Of several inputs the first says the shape.
    """

    @property
    def parameters(self) -> int:
        """All numbers of the layer, as Keras counts them."""
        return 0

    @property
    def trainable(self) -> int:
        """The numbers that training changes."""
        return self.parameters

    def output(self, shape: Shape) -> Shape:
        """Return the shape after the layer."""
        return shape

    def macs(self, shape: Shape) -> int:  # noqa: ARG002 - every layer answers the same question
        """Return the multiply-adds for one image that comes in with `shape`."""
        return 0

    def released_macs(self, shape: Shape) -> int:  # noqa: ARG002 - as above
        """Return the multiply-adds as the released tool counts them, rounded down."""
        return 0


@dataclass(frozen=True)
class Conv(Layer):
    """A square convolution, by default of 'same' padding and without bias."""

    inputs: int
    outputs: int
    kernel: int = 1
    stride: int = 1
    dilation: int = 1
    padding: Padding = "same"
    bias: bool = False

    @property
    def _weights(self) -> int:
        return self.inputs * self.outputs * self.kernel**2

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return self._weights + self.outputs * self.bias

    def output(self, shape: Shape) -> Shape:
        """Return the shape after the layer."""
        rows, columns = _window(self, shape)
        return (rows, columns, self.outputs)

    def macs(self, shape: Shape) -> int:
        """Return the weights times the area of the output."""
        rows, columns = _window(self, shape)
        return self._weights * rows * columns

    def released_macs(self, shape: Shape) -> int:
        """Return the weights times the area of the input by the square of the stride."""
        return self._weights * shape[0] * shape[1] // self.stride**2


@dataclass(frozen=True)
class Depthwise(Layer):
    """A square convolution of every channel for itself, without bias."""

    channels: int
    kernel: int = 3
    stride: int = 1
    dilation: int = 1
    padding: Padding = "same"

    @property
    def parameters(self) -> int:
        """Weights."""
        return self.channels * self.kernel**2

    def output(self, shape: Shape) -> Shape:
        """Return the shape after the layer."""
        rows, columns = _window(self, shape)
        return (rows, columns, self.channels)

    def macs(self, shape: Shape) -> int:
        """Return the weights times the area of the output."""
        rows, columns = _window(self, shape)
        return self.parameters * rows * columns

    def released_macs(self, shape: Shape) -> int:
        """Return the weights times the area of the input by the square of the stride."""
        return self.parameters * shape[0] * shape[1] // self.stride**2


def _window(layer: Conv | Depthwise, shape: Shape) -> tuple[int, int]:
    """Return the height and width that a convolution leaves."""
    rows, columns = (
        strided(size, layer.kernel, layer.stride, layer.dilation, layer.padding)
        for size in shape[:2]
    )
    return rows, columns


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Batch normalisation: scale, shift, running mean and running variance of each channel."""

    channels: int

    @property
    def parameters(self) -> int:
        """Four a channel."""
        return 4 * self.channels

    @property
    def trainable(self) -> int:
        """Scales and shifts."""
        return 2 * self.channels


@dataclass(frozen=True)
class Dense(Layer):
    """A dense layer with bias on a vector; the released tool does not count it."""

    inputs: int
    outputs: int

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return self.inputs * self.outputs + self.outputs

    def output(self, shape: Shape) -> Shape:  # noqa: ARG002 - every layer answers the same question
        """Return the shape after the layer: a vector of `outputs`."""
        return (1, 1, self.outputs)

    def macs(self, shape: Shape) -> int:  # noqa: ARG002 - as above
        """Return the weights."""
        return self.inputs * self.outputs


@dataclass(frozen=True)
class Activation(Layer):
    """A function of every value; softmax over the channels."""

    function: Literal["relu", "relu6", "hard_swish", "hard_sigmoid", "softmax"]


@dataclass(frozen=True)
class ZeroPad(Layer):
    """Zeros around the map."""

    top: int
    bottom: int
    left: int
    right: int

    def output(self, shape: Shape) -> Shape:
        """Return the shape with the zeros."""
        height, width, channels = shape
        return (height + self.top + self.bottom, width + self.left + self.right, channels)


@dataclass(frozen=True)
class AveragePool(Layer):
    """The mean over windows that lie wholly on the map; heights before widths."""

    size: tuple[int, int]
    strides: tuple[int, int]

    def output(self, shape: Shape) -> Shape:
        """Return the shape after the layer; below one pixel the window does not fit."""
        rows, columns = (
            strided(*numbers, 1, "valid")
            for numbers in zip(shape[:2], self.size, self.strides, strict=True)
        )
        return (rows, columns, shape[2])


@dataclass(frozen=True)
class GlobalAveragePool(Layer):
    """The mean of each channel over the whole map."""

    def output(self, shape: Shape) -> Shape:
        """Return the shape after the layer: a vector."""
        return (1, 1, shape[2])


@dataclass(frozen=True)
class AsMap(Layer):
    """A vector taken as a map of one pixel."""


@dataclass(frozen=True)
class Flatten(Layer):
    """A map of one pixel taken as a vector."""


@dataclass(frozen=True)
class Dropout(Layer):
    """Values set to zero in training, each with the probability `rate`."""

    rate: float


@dataclass(frozen=True)
class Add(Layer):
    """The sum of two maps of one shape."""


@dataclass(frozen=True)
class Multiply(Layer):
    """The product of a map with another, or with one number for each channel."""


@dataclass(frozen=True)
class Resize(Layer):
    """Bilinear interpolation to a size; the corners of both maps lie on each other."""

    height: int
    width: int

    def output(self, shape: Shape) -> Shape:
        """Return the shape after the layer."""
        return (self.height, self.width, shape[2])
