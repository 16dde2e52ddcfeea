"""From the values of an ensemble to the state dict of its twin in PyTorch, without PyTorch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.formats.arrays import Array
from reproductions.ensemble_kd.leaving.source import Source


def to_torch(values: Mapping[str, Array], source: Source) -> dict[str, Array]:
    """Return `values` as what ``load_state_dict`` of `twin.ensemble.Ensemble` takes, float32.

    Raises
    ------
    HarnessError
        Names are missing or left over, or shapes differ.
    """
    source.check(values)
    return {name: np.ascontiguousarray(values[name], np.float32) for name in sorted(values)}
