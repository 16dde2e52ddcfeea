"""NumPy references of the quantisers: from numbers to integer codes.

A weight of code c stands for (2c - L) / L, an activation of code a for a / L, L = 2^bits - 1
(BMXNet). Halves are rounded away from zero, as MXNet does; NumPy and PyTorch round them to even.
Weights are always coded in float64, from the same float32 numbers: `tanh` differs between
libraries in its last bit of float32, and codes must not.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Codes = NDArray[np.uint8]
_Real = TypeVar("_Real", bound="np.floating[Any]")


def largest_code(bits: int) -> int:
    """Return L, the largest code of `bits` bits."""
    return (1 << bits) - 1


def round_half_away(values: NDArray[_Real]) -> NDArray[_Real]:
    """Return the nearest whole numbers, halves away from zero, in the type of `values`."""
    # Not floor(|x| + 0.5): the sum would round the number just below a half up to 1.
    down = np.floor(np.abs(values))
    up = down + (np.abs(values) - down >= 0.5)
    rounded: NDArray[_Real] = np.copysign(up, values).astype(values.dtype)
    return rounded


def weight_codes(weights: Floats, bits: int) -> Codes:
    """Return the codes of a whole tensor of weights: DoReFa, and the sign for one bit.

    For several bits t = tanh(w), u = t / (2 max|t|) + 1/2, and the code is the rounded u L. Where
    all weights are zero every code is that of u = 1/2.
    """
    if bits == 1:
        signs: Codes = (weights >= 0).astype(np.uint8)
        return signs
    shares = weight_shares(weights)
    codes: Codes = round_half_away(shares * largest_code(bits)).astype(np.uint8)
    return codes


def weight_shares(weights: Floats) -> NDArray[np.float64]:
    """Return u, each weight's place in 0 to 1, of a whole tensor; 1/2 where all are zero."""
    squeezed = np.tanh(weights.astype(np.float64))
    most = float(np.max(np.abs(squeezed), initial=0.0))
    shares: NDArray[np.float64] = squeezed / (2 * most) + 0.5 if most else squeezed + 0.5
    return shares


def weight_levels(codes: Codes, bits: int) -> Floats:
    """Return 2c - L: what weights enter a convolution as, in the domain of codes."""
    return (2 * codes.astype(np.int32) - largest_code(bits)).astype(np.float32)


def weight_values(codes: Codes, bits: int) -> Floats:
    """Return the quantised weights, in -1 to 1, that `codes` stand for."""
    levels: Floats = weight_levels(codes, bits) / np.float32(largest_code(bits))
    return levels


def activation_codes(values: Floats, bits: int) -> Codes:
    """Return the codes of activations, cut to 0 to 1: `round`, computed in float32."""
    cut = np.clip(values.astype(np.float32), np.float32(0), np.float32(1))
    codes: Codes = round_half_away(cut * np.float32(largest_code(bits))).astype(np.uint8)
    return codes


def activation_values(codes: Codes, bits: int) -> Floats:
    """Return the quantised activations, in 0 to 1, that `codes` stand for."""
    values: Floats = codes.astype(np.float32) / np.float32(largest_code(bits))
    return values


def signs(values: Floats) -> Floats:
    """Return +1 where a number is at least 0, else -1: `det_sign`."""
    chosen: Floats = np.where(values >= 0, np.float32(1), np.float32(-1))
    return chosen
