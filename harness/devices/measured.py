"""Hashes of what is measured, so that a record can be held against what exists now."""

from __future__ import annotations

from collections.abc import Iterable

from harness.devices.record import Measured
from harness.stage.digest import sha256
from harness.stage.inputs import Inputs


def digests(inputs: Inputs, names: Iterable[str]) -> Measured:
    """Return the SHA-256 of each input in `names`; one a seed where it was made per seed."""
    found: Measured = {}
    for name in names:
        seeds = inputs.seeds(name)
        found[name] = (
            {str(seed): sha256(inputs.path(name, seed)) for seed in seeds}
            if seeds
            else sha256(inputs.path(name))
        )
    return found
