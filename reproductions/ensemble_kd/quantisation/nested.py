"""Narrow codes out of the 8-bit codes, exactly, so that one store serves several widths.

If k divides 8, s = 255 / (2^k - 1) is odd, and rounding commutes with the change of width: the code
of k bits is floor((c + (s - 1) / 2) / s). Truncation, c >> (8 - k), is not the same.

There are exceptions, where float64 ends. The member of one bit has the signs of the weights, but a
negative weight that is smaller than the largest by more than the precision of float64 has a share
u = t / (2 max|t|) + 1/2 of exactly 1/2, and so the 8-bit code 128 of a weight of zero. A share next
to the border of two codes could in principle be rounded either way too. `exceptions` finds them
all; whoever stores the 8-bit codes alone must store these places beside them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.errors import HarnessError
from reproductions.ensemble_kd.quantisation.codes import (
    Codes,
    Floats,
    largest_code,
    weight_codes,
)

MASTER = 8
"""Bits of the codes that others are derived from."""
NESTED = (8, 4, 2, 1)
"""The widths that come exactly out of the 8-bit codes."""


def derive(codes: Codes, bits: int) -> Codes:
    """Return the codes of `bits` bits out of 8-bit `codes`.

    Raises
    ------
    HarnessError
        The width is not in `NESTED`: its codes do not follow from those of 8 bits.
    """
    if bits not in NESTED:
        raise HarnessError(
            f"codes of {bits} bits do not follow from codes of {MASTER} bits",
            "ask for one of the widths 8, 4, 2 and 1, or code the float weights anew",
        )
    step = largest_code(MASTER) // largest_code(bits)
    derived: Codes = ((codes.astype(np.uint16) + (step - 1) // 2) // step).astype(np.uint8)
    return derived


def truncate(codes: Codes, bits: int) -> Codes:
    """Return the leading `bits` of 8-bit `codes`: what `derive` is not."""
    leading: Codes = (codes >> (MASTER - bits)).astype(np.uint8)
    return leading


def exceptions(weights: Floats, bits: int) -> NDArray[np.int64]:
    """Return the flat places, ascending, where the code of `bits` bits is not the derived one.

    None for the usual weights; at one bit those whose sign the 8-bit code has lost.
    """
    differs = derive(weight_codes(weights, MASTER), bits) != weight_codes(weights, bits)
    places: NDArray[np.int64] = np.flatnonzero(differs).astype(np.int64)
    return places
