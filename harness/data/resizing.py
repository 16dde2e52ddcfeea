"""Making pictures smaller, in whole numbers: the same on every CPU."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from harness.data.images import Pixels

Sums = npt.NDArray[np.int64]


def smaller_image(image: Pixels, height: int, width: int) -> Pixels:
    """Return the image, (H, W, channels), with each new pixel the mean of the area it covers.

    Pixels that are covered in part count in part; the mean is rounded to the next whole number.
    """
    rows, columns, _ = image.shape
    if (rows, columns) == (height, width):
        return image
    area = rows * columns
    sums = _covered(_covered(image.astype(np.int64), height).transpose(1, 0, 2), width)
    means: Sums = (sums.transpose(1, 0, 2) + area // 2) // area
    return means.astype(np.uint8)


def smaller_mask(mask: Pixels, height: int, width: int) -> Pixels:
    """Return the mask, (H, W), with each new pixel the one at its centre: no label is mixed."""
    return mask[_centres(mask.shape[0], height)][:, _centres(mask.shape[1], width)]


def _centres(old: int, new: int) -> npt.NDArray[np.int64]:
    return (2 * np.arange(new, dtype=np.int64) + 1) * old // (2 * new)


def _covered(values: Sums, new: int) -> Sums:
    """Return `new` sums along the first axis; their weights add up to that axis' old length.

    A new one covers `old / new` old ones. Multiplied by `new`, all borders are whole numbers.
    """
    old = len(values)
    whole, part = np.divmod(np.arange(new + 1, dtype=np.int64) * old, new)
    before = np.concatenate([np.zeros_like(values[:1]), np.cumsum(values, axis=0)])
    padded = np.concatenate([values, np.zeros_like(values[:1])])
    shape = (-1, *[1] * (values.ndim - 1))
    upto = before[whole] * new + padded[whole] * part.reshape(shape)
    sums: Sums = np.diff(upto, axis=0)
    return sums
