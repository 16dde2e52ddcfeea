"""Textured grounds, and the light on a scene: all in whole numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from harness.data.draws import Draws

Plane = npt.NDArray[np.int64]
"""Values of shape (height, width), or colours of shape (height, width, 3)."""

FULL = 255
_GRAIN = 13


def ground(height: int, width: int, *, dark: bool, draws: Draws) -> Plane:
    """Draw a ground of shape (height, width, 3): two near colours, mixed by a pattern, grained."""
    brightness = draws.between(25, 80) if dark else draws.between(150, 215)
    one, two = (colour(brightness + draws.between(-22, 22), 45, draws) for _ in range(2))
    pattern = draws.of(_PATTERNS)(height, width, draws)[..., None]
    mixed = (one * (FULL - pattern) + two * pattern) // FULL
    grain = draws.grains(height, width, 1).astype(np.int64) * _GRAIN // 256 - _GRAIN // 2
    return np.clip(mixed + grain, 0, FULL)


def colour(brightness: int, tint: int, draws: Draws) -> Plane:
    """Draw a colour whose channels are within `tint` of `brightness`."""
    channels = [brightness + draws.between(-tint, tint) for _ in range(3)]
    return np.clip(np.array(channels, dtype=np.int64), 0, FULL)


def lit(scene: Plane, draws: Draws) -> Plane:
    """Return the scene in a light that falls off in some direction, by up to two fifths."""
    light = 256 - gradient(scene.shape[0], scene.shape[1], draws) * draws.between(0, 100) // FULL
    return scene * light[..., None] // 256


def gradient(height: int, width: int, draws: Draws) -> Plane:
    """Draw a slope from 0 to 255 in some direction."""
    slope = _slope(height, width, draws)
    low, high = int(slope.min()), int(slope.max())
    return (slope - low) * FULL // max(high - low, 1)


def _stripes(height: int, width: int, draws: Draws) -> Plane:
    slope = _slope(height, width, draws)
    period = draws.between(20, 64)
    waves: Plane = np.abs(2 * (slope % period) - period) * FULL // period
    return waves


def _checks(height: int, width: int, draws: Draws) -> Plane:
    side = draws.between(5, 14)
    rows, columns = np.indices((height, width))
    tiles = (rows // side + columns // side) % 2 * 200
    return (tiles + _noise(height, width, draws) * 55 // FULL).astype(np.int64)


def _clouds(height: int, width: int, draws: Draws) -> Plane:
    """Mix coarse and fine noise, and stretch what comes out."""
    mixed = 2 * _noise(height, width, draws) + _noise(height, width, draws, cell=4)
    stretched: Plane = np.clip((mixed - 192) * FULL // 384, 0, FULL)
    return stretched


def _noise(height: int, width: int, draws: Draws, cell: int = 12) -> Plane:
    """Draw the values of a lattice and fill its cells by bilinear interpolation."""
    lattice = draws.grains(height // cell + 2, width // cell + 2).astype(np.int64)
    noise: Plane = _between(_between(lattice, height, cell).T, width, cell).T // (cell * cell)
    return noise


def _between(lattice: Plane, length: int, cell: int) -> Plane:
    """Interpolate along the first axis; the values come out `cell` times as large."""
    whole, part = np.divmod(np.arange(length), cell)
    values: Plane = lattice[whole] * (cell - part)[:, None] + lattice[whole + 1] * part[:, None]
    return values


def _slope(height: int, width: int, draws: Draws) -> Plane:
    """Return values that grow in some direction, by up to 4 a pixel."""
    down, right = draws.between(-4, 4), draws.between(-4, 4)
    if down == right == 0:
        down = 3
    rows, columns = np.indices((height, width), dtype=np.int64)
    return rows * down + columns * right


_PATTERNS: tuple[Callable[[int, int, Draws], Plane], ...] = (gradient, _stripes, _checks, _clouds)
