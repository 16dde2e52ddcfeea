"""Mean and deviation of the pixels, exact up to one rounding, hence equal on every CPU."""

from __future__ import annotations

from math import isqrt

import numpy as np

from harness.data.images import Pixels

_DIGITS = 6
# How many pixels are counted at once; counting makes each of their values eight times as large.
_BLOCK = 1 << 22
# The square root is taken of a whole number this many digits longer, squared.
_EXTRA = 10**12


def moments(images: Pixels, maximum: int) -> tuple[list[float], list[float]]:
    """Return the mean and the population deviation of `images` / `maximum` by channel.

    Parameters
    ----------
    images
        Shape (N, height, width, channels).
    """
    channels = images.shape[-1]
    histograms = np.zeros((channels, 256), dtype=np.int64)
    step = max(1, _BLOCK // (images.shape[1] * images.shape[2]))
    for start in range(0, len(images), step):
        block = images[start : start + step]
        for channel in range(channels):
            histograms[channel] += np.bincount(block[..., channel].ravel(), minlength=256)
    pairs = [_moments(histogram.tolist(), maximum) for histogram in histograms]
    return [mean for mean, _ in pairs], [deviation for _, deviation in pairs]


def _moments(histogram: list[int], maximum: int) -> tuple[float, float]:
    count = sum(histogram)
    total = sum(value * number for value, number in enumerate(histogram))
    squares = sum(value * value * number for value, number in enumerate(histogram))
    root = isqrt((count * squares - total * total) * _EXTRA * _EXTRA)
    mean = total / (count * maximum)
    return round(mean, _DIGITS), round(root / (_EXTRA * count * maximum), _DIGITS)
