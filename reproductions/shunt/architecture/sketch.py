"""Drawing up a network layer by layer, while every map's shape is known."""

from __future__ import annotations

from reproductions.shunt.architecture.block import IMAGE, Architecture, Block, Use
from reproductions.shunt.architecture.layer import (
    Activation,
    BatchNorm,
    Conv,
    Depthwise,
    Layer,
    Shape,
    ZeroPad,
)


class Sketch:
    """A network that is being drawn up, from the image on.

    Parameters
    ----------
    image
        Height, width and channels of an image.
    unstrided
        How many of the first layers of stride 2 get stride 1 (`change_stride_layers`).
    """

    def __init__(self, image: Shape, unstrided: int = 0) -> None:
        self.last = IMAGE
        self.image = image
        self._unstrided = unstrided
        self._shapes = {IMAGE: image}
        self._parts: list[Block] = []
        self._uses: list[Use] = []

    @property
    def shape(self) -> Shape:
        """The shape of the last map."""
        return self._shapes[self.last]

    @property
    def channels(self) -> int:
        """The channels of the last map."""
        return self.shape[2]

    def shape_of(self, name: str) -> Shape:
        """Return the shape of what the layer `name` gives."""
        return self._shapes[name]

    def add(self, name: str, layer: Layer, *sources: str) -> str:
        """Append a layer that reads `sources`, or else the last one; return its name."""
        read = sources or (self.last,)
        shape = self._shapes[read[0]]
        use = Use(name, layer, read, shape, layer.output(shape))
        self._uses.append(use)
        self._shapes[name] = use.output
        self.last = name
        return name

    def close(self, name: str, ordinal: int | None = None) -> None:
        """Make a part of the layers since the last part."""
        self._parts.append(Block(name, ordinal, tuple(self._uses)))
        self._uses = []

    def finish(self) -> Architecture:
        """Return the network."""
        return Architecture(self.image, tuple(self._parts))

    def normalised(
        self, name: str, layer: Conv | Depthwise, norm: str | None = None, source: str | None = None
    ) -> str:
        """Append a convolution of `source` and its batch normalisation; return the latter's name.

        By default that is ``<name>_BN``, and the source the last layer.
        """
        self.add(name, layer, *([source] if source else []))
        return self.add(norm or f"{name}_BN", BatchNorm(self.channels))

    def activated(self, name: str, function: Activation) -> str:
        """Append an activation, named after what it is."""
        kind = {"relu": "relu", "relu6": "relu", "hard_swish": "HardSwish"}[function.function]
        return self.add(f"{name}_{kind}", function)

    def padded(self, name: str, kernel: int) -> None:
        """Append the zeros before a strided convolution without padding of its own.

        The zeros are such that the map is halved, rounded up, and lie as far to the right and the
        bottom as they can. Before a layer that loses its stride they are even.
        """
        half = kernel // 2
        up, left = (half if self._unstrided else half - 1 + size % 2 for size in self.shape[:2])
        self.add(name, ZeroPad(up, half, left, half))

    def stride(self, wanted: int) -> int:
        """Return the stride of the next layer: 1 while layers lose theirs, else `wanted`."""
        if wanted == 1 or not self._unstrided:
            return wanted
        self._unstrided -= 1
        return 1
