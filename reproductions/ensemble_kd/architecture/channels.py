"""How many channels each part of resnet18_e1 has at a width multiplier."""

from __future__ import annotations

GRAIN = 8
"""Channels come in groups of eight, so that the groups of the grouped stem always divide them."""
STAGES = (64, 128, 256, 512)
"""Channels of the four stages at width 1."""
BLOCKS = 4
"""Convolutions in each stage: two blocks of two layers, each layer a block of its own here."""
GROUPED = 32
"""Channels of the first two layers of the grouped stem at width 1."""


def scale(channels: int, width: float) -> int:
    """Return the multiple of eight, at least 8, that is nearest to `channels * width`."""
    return max(GRAIN, round(channels * width / GRAIN) * GRAIN)
