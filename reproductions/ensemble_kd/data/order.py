"""The order of an epoch's images."""

from __future__ import annotations

import numpy as np

from harness.formats.arrays import Array

_FEWEST = 2  # images of a batch: batch normalisation has no variance of one


def steps_of(count: int, size: int) -> int:
    """Return how many whole batches `count` images make; all of them are one where they are few.

    Images that do not fill a batch wait for an epoch whose order favours them.
    """
    return max(count // size, 1) if count >= _FEWEST else 0


def ordered(count: int, size: int, generator: np.random.Generator) -> list[Array]:
    """Return the positions of each batch, (B,) int64, in an order that `generator` alone decides.

    Every batch has the same size, so that a network is laid out once: `size`, or all of `count`.
    """
    order = generator.permutation(count)
    whole = min(size, count)
    return [order[step * whole : (step + 1) * whole] for step in range(steps_of(count, size))]
