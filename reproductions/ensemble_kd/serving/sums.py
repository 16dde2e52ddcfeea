"""The sums that the kernel answers, by NumPy: the fallback, and what the kernel is tested with."""

from __future__ import annotations

import numpy as np

from harness.formats.arrays import Array
from reproductions.ensemble_kd.quantisation.codes import activation_codes, largest_code, signs
from reproductions.ensemble_kd.serving.geometry import Geometry

_EXACT = 2**24
"""Float32 counts by ones up to here."""


def integer_sums(images: Array, codes: Array, geometry: Geometry) -> Array:
    """Return int32 (batch, rows, columns, outputs): sums of activation times 2c - L.

    Parameters
    ----------
    images
        Float32 (batch, height, width, channels), not yet quantised.
    codes
        Weights, uint8 (outputs, inputs, kernel, kernel).
    """
    bound = geometry.largest * largest_code(geometry.weight_bits) * geometry.products
    exact = np.float32 if bound < _EXACT else np.float64
    levels = (2 * codes.astype(np.int32) - largest_code(geometry.weight_bits)).astype(exact)
    matrix = levels.transpose(2, 3, 1, 0).reshape(-1, geometry.out_channels)
    sums = columns(_activations(images, geometry).astype(exact), geometry, geometry.border)
    return (sums @ matrix).astype(np.int32)


def columns(images: Array, geometry: Geometry, border: float) -> Array:
    """Return what lies under the kernel: (batch, rows, columns, kernel * kernel * channels)."""
    pad, size, step = geometry.padding, geometry.kernel, geometry.stride
    around = ((0, 0), (pad, pad), (pad, pad), (0, 0))
    padded = np.pad(images, around, constant_values=border)
    seen = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(1, 2))
    stepped = seen[:, ::step, ::step].transpose(0, 1, 2, 4, 5, 3)
    return stepped.reshape(*stepped.shape[:3], -1)


def _activations(images: Array, geometry: Geometry) -> Array:
    return signs(images) if geometry.sign else activation_codes(images, geometry.activation_bits)
