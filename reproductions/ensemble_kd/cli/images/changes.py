"""Random changes of large photographs, drawn before they are read; no framework is needed."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

DRAWS = 8
"""Numbers that are drawn for an image, whatever becomes of them."""

_AREA = (0.08, 1.0)  # share of a photograph that is cut out
_RATIO = (3 / 4, 4 / 3)  # width by height of what is cut out
_JITTER = 0.4  # largest change of brightness, contrast and saturation
_GREY = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class Cut:
    """A rectangle of an image, pixels."""

    left: int
    top: int
    width: int
    height: int


def random_part(width: int, height: int, draws: Array) -> Cut:
    """Return a part of an image with an area and a shape that `draws`, in [0, 1), choose."""
    area = (_AREA[0] + (_AREA[1] - _AREA[0]) * draws[0]) * width * height
    ratio = exp(log(_RATIO[0]) + (log(_RATIO[1]) - log(_RATIO[0])) * draws[1])
    wide = min(max(round(sqrt(area * ratio)), 1), width)
    high = min(max(round(sqrt(area / ratio)), 1), height)
    return Cut(_place(width - wide, draws[2]), _place(height - high, draws[3]), wide, high)


def random_square(width: int, height: int, draws: Array) -> Cut:
    """Return a square with 7/8 of the shorter side, at a place that `draws` choose."""
    side = max(min(width, height) * 7 // 8, 1)
    return Cut(_place(width - side, draws[2]), _place(height - side, draws[3]), side, side)


def middle_square(width: int, height: int) -> Cut:
    """Return the square in the middle with 7/8 of the shorter side: 224 pixels of 256."""
    side = max(min(width, height) * 7 // 8, 1)
    return Cut((width - side) // 2, (height - side) // 2, side, side)


def mirrored(draws: Array) -> bool:
    """Tell whether left and right are exchanged."""
    return bool(draws[4] < 0.5)


def jittered(image: Array, draws: Array) -> Array:
    """Return `image` (H, W, 3), uint8, with other brightness, contrast and saturation."""
    light, contrast, colour = (1 + _JITTER * (2 * draws[5:8] - 1)).astype(np.float32)
    values = image.astype(np.float32) * light
    grey = values @ _GREY
    values = values * contrast + (1 - contrast) * grey.mean()
    values = values * colour + (1 - colour) * (values @ _GREY)[..., None]
    found: Array = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return found


def _place(room: int, draw: float) -> int:
    return min(int(draw * (room + 1)), room)
