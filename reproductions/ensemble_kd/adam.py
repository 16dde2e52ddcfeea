"""What MXNet's Adam is made of."""

from __future__ import annotations

MEAN_DECAY = 0.9
SQUARE_DECAY = 0.999
EPSILON = 1e-8
