"""Numbers that are none: the training stops where they appear."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

import numpy as np

from harness.errors import HarnessError
from harness.formats.arrays import Array

_REMEDY = (
    "lower the learning rate, or the strength of the distillation; check the images and labels. "
    "What the last good epoch left is kept"
)


def check_loss(found: Mapping[str, float], place: str) -> None:
    """Refuse a loss, or a part of it, that is NaN or infinite; `place` names its batch."""
    for name, value in found.items():
        if not isfinite(value):
            raise HarnessError(f"{place}: '{name}' is {value}", _REMEDY)


def check_weights(weights: Mapping[str, Array], place: str) -> None:
    """Refuse weights that are NaN or infinite; `place` names the epoch after which they are."""
    for name, value in weights.items():
        if not np.isfinite(value).all():
            raise HarnessError(f"{place}: the weight '{name}' is no longer finite", _REMEDY)
