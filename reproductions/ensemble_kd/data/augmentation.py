"""Random changes of training images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.formats.arrays import Array
from reproductions.ensemble_kd.params.training import Shift


@dataclass(frozen=True, eq=False)
class Changes:
    """What happens to each of some images.

    Parameters
    ----------
    corner
        Upper left of what is cut from the padded image: rows and columns, (N, 2).
    mirrored
        Whether left and right are exchanged, (N,).
    pad
        Zeros around an image before it is cut, pixels.
    """

    corner: Array
    mirrored: Array
    pad: int

    @classmethod
    def draw(cls, how: Shift | None, count: int, generator: np.random.Generator) -> Changes:
        """Draw the changes of `count` images; what is drawn does not depend on the batches."""
        plain = how or Shift(pad=0, flip=False)
        corner = generator.integers(0, 2 * plain.pad + 1, (count, 2))
        mirrored = (generator.integers(0, 2, count) == 1) & plain.flip
        return cls(corner, mirrored, plain.pad)

    def apply(self, images: Array, index: Array) -> Array:
        """Return `images` (B, H, W, C), which stand at `index`, as they are after their changes."""
        height, width = images.shape[1:3]
        border = (self.pad, self.pad)
        padded = np.pad(images, ((0, 0), border, border, (0, 0)))
        columns = np.arange(width)
        columns = np.where(self.mirrored[index][:, None], columns[::-1], columns)
        columns = columns + self.corner[index][:, 1:]
        rows = np.arange(height) + self.corner[index][:, :1]
        which = np.arange(len(index))
        return padded[which[:, None, None], rows[:, :, None], columns[:, None, :]]
