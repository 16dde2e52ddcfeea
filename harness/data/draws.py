"""Whole numbers drawn by seed from the raw stream of PCG64.

NumPy keeps that stream the same for ever, which it does not promise for the methods of
`numpy.random.Generator`; and whole numbers are the same on every CPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from harness.data.images import Pixels

Item = TypeVar("Item")


class Draws:
    """A stream of random numbers that depends on `seed` alone."""

    def __init__(self, *seed: int) -> None:
        self._stream = np.random.PCG64(list(seed))

    def below(self, bound: int) -> int:
        """Draw a whole number from 0 to `bound` - 1; `bound` is below 2**32."""
        return (int(self._stream.random_raw()) >> 32) * bound >> 32

    def between(self, low: int, high: int) -> int:
        """Draw a whole number from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def of(self, items: Sequence[Item]) -> Item:
        """Draw one of `items`."""
        return items[self.below(len(items))]

    def grains(self, *shape: int) -> Pixels:
        """Draw bytes of the given shape."""
        count = int(np.prod(shape))
        words = self._stream.random_raw(-(-count // 8)).astype("<u8")
        return np.frombuffer(words.tobytes(), dtype=np.uint8)[:count].reshape(shape)
