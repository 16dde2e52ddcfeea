"""An exported network, run by LiteRT on this machine's processor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from harness.errors import HarnessError
from harness.formats.arrays import Array


class Litert:
    """A LiteRT flatbuffer that answers images, in float32 whatever goes in and out of it.

    Parameters
    ----------
    content
        What `reproductions.shunt.export.conversion.to_litert` gave.
    threads
        Threads of the interpreter.
    xnnpack
        Whether XNNPACK runs what it can, as LiteRT itself decides; else LiteRT's own kernels run
        everything.

    Raises
    ------
    HarnessError
        `content` is no network that LiteRT can run.
    """

    def __init__(self, content: bytes, threads: int = 1, *, xnnpack: bool = True) -> None:
        kernels = OpResolverType.AUTO if xnnpack else _OWN
        try:
            self._interpreter = Interpreter(
                model_content=content, num_threads=threads, experimental_op_resolver_type=kernels
            )
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise HarnessError(
                f"LiteRT cannot run these {len(content)} bytes: {error}", "export the network again"
            ) from error
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]

    @property
    def shape(self) -> tuple[int, ...]:
        """What goes in: (1, H, W, C)."""
        return tuple(map(int, self._input["shape"]))

    @property
    def whole(self) -> bool:
        """Whether 8-bit whole numbers go in."""
        return bool(self._input["dtype"] is np.int8)

    def __call__(self, images: Array) -> Array:
        """Return the outputs (N, ...) float32 of `images` (N, H, W, C), one at a time.

        Raises
        ------
        HarnessError
            The images have another size.
        """
        return np.stack([self._answer(image) for image in images])

    def prepared(self, image: Array) -> Callable[[], None]:
        """Return the forward pass of `image` (H, W, C) alone, with the image in place already."""
        self._give(image)
        invoke: Callable[[], None] = self._interpreter.invoke
        return invoke

    def _answer(self, image: Array) -> Array:
        self._give(image)
        self._interpreter.invoke()
        found = self._interpreter.get_tensor(self._output["index"])[0]
        if found.dtype == np.float32:
            return found
        scale, zero = self._output["quantization"]
        return np.float32(scale) * (found.astype(np.float32) - np.float32(zero))

    def _give(self, image: Array) -> None:
        if (1, *image.shape) != self.shape:
            raise HarnessError(f"an image is {image.shape}, and the network takes {self.shape[1:]}")
        self._interpreter.set_tensor(self._input["index"], self._stored(image)[None])

    def _stored(self, image: Array) -> Array:
        """The image in the numbers of the input."""
        if not self.whole:
            return image.astype(np.float32)
        scale, zero = self._input["quantization"]
        return _rounded(image, scale, zero)


_OWN: Any = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES


def _rounded(image: Array, scale: float, zero: int) -> Array:
    """8-bit whole numbers of `image`; what lies beyond their range is cut off."""
    steps = np.round(image.astype(np.float32) / np.float32(scale)) + zero
    return np.clip(steps, -128, 127).astype(np.int8)
