"""Numbers that are none: the training stops where they appear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from harness.errors import HarnessError
from harness.formats.arrays import Array

_REMEDY = (
    "lower the learning rate or the weight of the soft losses, or let the rate warm up; check the "
    "images. What the last good epoch left is kept"
)


def check_losses(losses: Array, widths: Sequence[int], place: str) -> None:
    """Refuse losses (N, B) of which one is NaN or infinite; `place` names the batch."""
    bad = [
        str(bits) for bits, row in zip(widths, losses, strict=True) if not np.isfinite(row).all()
    ]
    if bad:
        names = ", ".join(bad)
        raise HarnessError(f"{place}: the loss at {names} bits is no longer finite", _REMEDY)


def check_values(values: Mapping[str, Array], place: str) -> None:
    """Refuse parameters that are NaN or infinite; `place` names the epoch after which they are."""
    for name, value in values.items():
        if not np.isfinite(value).all():
            raise HarnessError(f"{place}: the parameter '{name}' is no longer finite", _REMEDY)
