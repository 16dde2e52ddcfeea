"""A convolution of codes whose weights are packed once: by the kernel, or by NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.formats.arrays import Array
from reproductions.ensemble_kd.quantisation.codes import largest_code
from reproductions.ensemble_kd.serving import kernel
from reproductions.ensemble_kd.serving.geometry import Geometry
from reproductions.ensemble_kd.serving.packing import NUMBERS, Layout, Packed, layout_for, pack
from reproductions.ensemble_kd.serving.sums import integer_sums

_SIZES: dict[Layout, Any] = {"planes": np.uint64, "bytes": np.uint8, "words": np.int16}
_TOGETHER: dict[Layout, int] = {"planes": 64, "bytes": 4, "words": 4}


class PackedConvolution:
    """Answers maps float32 (batch, height, width, channels), which it quantises itself.

    Parameters
    ----------
    geometry
        What is convolved.
    codes
        Weights, uint8 (outputs, inputs, kernel, kernel).
    backend
        One of `kernel.backends()`; None: `kernel.choose`.
    layout
        None: the fastest.
    """

    def __init__(
        self,
        geometry: Geometry,
        codes: Array,
        backend: str | None = None,
        layout: Layout | None = None,
    ) -> None:
        self.geometry = geometry
        self.backend = kernel.choose(backend)
        self._codes: Array | None = None
        chosen = layout or layout_for(self.backend, geometry.activation_bits, geometry.weight_bits)
        if chosen is None:
            self._codes = codes
            return
        self._packed = pack(codes, geometry.weight_bits, chosen)
        self._meaning = meaning(geometry, self._packed)
        self._constant = np.full(self._packed.lanes, self._meaning.constant, np.int32)
        if self._meaning.less_weights:
            self._constant -= self._packed.taps.sum(axis=0, dtype=np.int32)
        self._outside = self._packed.taps * np.int32(self._meaning.border)

    @property
    def bytes(self) -> int:
        """Bytes of the packed weights."""
        held = self._packed.weights if self._codes is None else self._codes
        return int(held.nbytes)

    def integers(self, images: Array) -> Array:
        """Return int32 (batch, rows, columns, outputs): sums of activation code times 2c - L."""
        if self._codes is not None:
            return integer_sums(images, self._codes, self.geometry)
        answer = np.empty(self._shape(images), np.int32)
        self._call(images, None, kernel.Result(integers=answer.ctypes.data))
        return answer

    def __call__(
        self, images: Array, scale: Array, shift: Array, added: Array | None = None
    ) -> Array:
        """Return float32 sums * `scale` + `shift` (+ `added`), one of each an output channel."""
        if self._codes is not None:
            answer = self.integers(images).astype(np.float32) * scale + shift
            return answer if added is None else answer + added
        answer = np.empty(self._shape(images), np.float32)
        extra = None if added is None else np.ascontiguousarray(added, np.float32)
        result = kernel.Result(
            numbers=answer.ctypes.data, added=None if extra is None else extra.ctypes.data
        )
        lanes = self._packed.lanes
        self._call(images, (kernel.filled(scale, lanes), kernel.filled(shift, lanes)), result)
        return answer

    def _shape(self, images: Array) -> tuple[int, int, int, int]:
        batch, height, width, _ = images.shape
        outputs = self.geometry.output(height), self.geometry.output(width)
        return (batch, *outputs, self.geometry.out_channels)

    def _call(
        self, images: Array, affine: tuple[Array, Array] | None, result: kernel.Result
    ) -> None:
        maps = np.ascontiguousarray(images, np.float32)
        shape, layout, padding = self._shape(images), self._packed.layout, self.geometry.padding
        pixels = shape[0] * (maps.shape[1] + 2 * padding) * (maps.shape[2] + 2 * padding)
        words = -(-maps.shape[3] // _TOGETHER[layout])
        words *= _TOGETHER[layout] if layout != "planes" else self.geometry.activation_bits
        packed = np.zeros(pixels * words, _SIZES[layout])
        sums = np.zeros(pixels, np.int32)
        positions = np.empty(shape[0] * shape[1] * shape[2] * kernel.POSITION_BYTES, np.uint8)
        pointers = [one.ctypes.data for one in affine or ()]
        channels = kernel.Channels(
            self._packed.weights.ctypes.data,
            self._constant.ctypes.data,
            self._outside.ctypes.data,
            *pointers,
        )
        kernel.library().ensemble_convolve(
            kernel.level(self.backend), self._job(maps, shape), maps.ctypes.data,
            packed.ctypes.data, sums.ctypes.data, positions.ctypes.data, channels, result,
        )  # fmt: skip

    def _job(self, maps: Array, shape: tuple[int, int, int, int]) -> kernel.Job:
        about, meant = self.geometry, self._meaning
        return kernel.Job(
            batch=shape[0], height=maps.shape[1], width=maps.shape[2], channels=maps.shape[3],
            out_channels=shape[3], kernel=about.kernel, stride=about.stride,
            padding=about.padding, out_height=shape[1], out_width=shape[2],
            layout=NUMBERS[self._packed.layout], activation_bits=about.activation_bits,
            weight_bits=about.weight_bits, sign=about.sign, differing=meant.differing,
            multiply=meant.multiply, sums_multiply=meant.sums_multiply, border=meant.border != 0,
        )  # fmt: skip


@dataclass(frozen=True)
class Meaning:
    """How the kernel's sums S of products and A of activation codes become the answer.

    The answer is multiply * S + sums_multiply * A + constant, less the sum of the channel's weights
    where `less_weights`, plus `border` times the sum of the weights under the border.
    """

    multiply: int
    sums_multiply: int
    border: int
    constant: int = 0
    differing: bool = False
    less_weights: bool = False


def meaning(geometry: Geometry, packed: Packed) -> Meaning:
    """Return what the kernel's sums mean for a layout."""
    if geometry.sign and packed.layout == "planes" and packed.bits == 1:
        # Bits of the border are 0, which stands for -1.
        border = 0 if geometry.minus_one else 1
        return Meaning(-2, 0, border, constant=geometry.products, differing=True)
    # The sum of a * (2c - L), from what the layout holds of c.
    multiply, sums = {
        "planes": (2, -largest_code(packed.bits)),
        "bytes": (2, 1),
        "words": (1, 0),
    }[packed.layout]
    if not geometry.sign:
        return Meaning(multiply, sums, geometry.border)
    # An activation is 2a - 1: twice the sum, less all weights; under the border -1 is meant.
    border = 0 if geometry.minus_one else 1
    return Meaning(2 * multiply, 2 * sums, border, less_weights=True)
