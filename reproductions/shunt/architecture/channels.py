"""Numbers of channels, rounded as MobileNets round them."""

from __future__ import annotations

DIVISOR = 8


def rounded(channels: float) -> int:
    """Return the multiple of 8 nearest to `channels`, at least 8 and at least 0.9 of it."""
    near = max(DIVISOR, int(channels + DIVISOR / 2) // DIVISOR * DIVISOR)
    return near + DIVISOR if near < 0.9 * channels else near
