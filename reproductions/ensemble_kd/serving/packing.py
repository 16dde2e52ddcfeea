"""How codes of weights lie in memory for the kernel, and which layout suits which widths.

Layouts, for a block of output channels ("lanes") and one position under the kernel:

``planes``  64 channels of one bit of the codes in a word; 16 lanes. Products are common bits
            counted: sum over i, j of 2^(i+j) popcount(A_i & W_j); where activations are -1 and 1
            and weights have one bit, differing bits: n - 2 popcount(A ^ W).
``bytes``   four channels in 32 bits, weights c - 2^(k-1) as signed bytes; 32 lanes.
``words``   two channels in 32 bits, weights 2c - L as 16-bit numbers; 16 lanes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.formats.arrays import Array
from reproductions.ensemble_kd.quantisation.codes import largest_code
from reproductions.ensemble_kd.serving.kernel import NUMPY

Layout = Literal["planes", "bytes", "words"]
NUMBERS: dict[Layout, int] = {"planes": 0, "bytes": 1, "words": 2}
"""By which kernel.c knows a layout."""
LANES: dict[Layout, int] = {"planes": 16, "bytes": 32, "words": 16}


def layout_for(backend: str, activation_bits: int, weight_bits: int) -> Layout | None:
    """Return the fastest exact layout of a backend for codes of these widths; None: by NumPy.

    Measured on the four 3x3 layers of resnet18_e1. k x k bits cost planes k² of one bit: with two
    bits bytes are as fast or faster, and from three bits on much faster. Byte products of AVX2 are
    added in 16 bits, which hold those of 7 bits; with AVX-512 VNNI they are added in 32 bits.
    Without vectors NumPy's BLAS, which counts exactly in floats, has no equal but at one bit.
    """
    if backend == NUMPY:
        return None
    if activation_bits == weight_bits == 1:
        return "planes"
    if backend == "c/avx512-vpopcntdq":
        return "bytes"
    if backend == "c/avx2":
        return "bytes" if max(activation_bits, weight_bits) <= 7 else "words"
    return None


@dataclass(frozen=True)
class Packed:
    """Weights of one convolution in a layout.

    Parameters
    ----------
    weights
        (blocks, …, lanes, …), see the layout.
    taps
        int32 (kernel², padded output channels): sums of 2c - L over the input channels.
    """

    layout: Layout
    bits: int
    weights: Array
    taps: Array

    @property
    def lanes(self) -> int:
        """Output channels with those that fill the last block up."""
        return int(self.taps.shape[1])


def pack(codes: Array, bits: int, layout: Layout) -> Packed:
    """Pack `codes`, uint8 (outputs, inputs, kernel, kernel), of `bits` bits."""
    outputs, _, kernel, _ = codes.shape
    levels = 2 * codes.astype(np.int32) - largest_code(bits)
    taps = levels.sum(axis=1).reshape(outputs, kernel * kernel).T
    lanes = LANES[layout]
    spatial = np.ascontiguousarray(codes.transpose(0, 2, 3, 1))
    packed = {"planes": _planes, "bytes": _bytes, "words": _words}[layout](
        _padded(spatial, 0, lanes), bits
    )
    return Packed(
        layout, bits, packed, np.ascontiguousarray(_padded(taps, 1, lanes), dtype=np.int32)
    )


def _planes(codes: Array, bits: int) -> Array:
    """Words of (blocks, plane, kernel² * words, 16) of (outputs, kernel, kernel, inputs)."""
    words, lanes = _padded(codes, 3, 64), LANES["planes"]
    planes = [np.packbits((words >> j) & 1, axis=3, bitorder="little") for j in range(bits)]
    flat = np.stack(
        [one.view("<u8").reshape(len(codes) // lanes, lanes, -1) for one in planes], axis=1
    )
    return np.ascontiguousarray(flat.transpose(0, 1, 3, 2))


def _bytes(codes: Array, bits: int) -> Array:
    """Signed bytes of (blocks, kernel² * inputs / 4, 32, 4)."""
    # A channel that fills up meets activations of 0: its weight does not matter.
    signed = (_padded(codes, 3, 4).astype(np.int16) - (1 << (bits - 1))).astype(np.int8)
    return _grouped(signed, LANES["bytes"], 4)


def _words(codes: Array, bits: int) -> Array:
    """16-bit numbers of (blocks, kernel² * inputs / 2, 16, 2)."""
    levels = 2 * _padded(codes, 3, 4).astype(np.int16) - np.int16(largest_code(bits))
    return _grouped(levels.astype(np.int16), LANES["words"], 2)


def _grouped(values: Array, lanes: int, together: int) -> Array:
    flat = values.reshape(len(values) // lanes, lanes, -1, together)
    return np.ascontiguousarray(flat.transpose(0, 2, 1, 3))


def _padded(values: Array, axis: int, multiple: int) -> Array:
    """Fill `axis` with zeros up to a multiple."""
    missing = -values.shape[axis] % multiple
    if not missing:
        return values
    return np.pad(values, [(0, missing if one == axis else 0) for one in range(values.ndim)])
