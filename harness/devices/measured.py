"""Hashes of what is measured, so that a record can be held against what exists now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.devices.record import Digests, Measured
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


def current(measured: Measured, inputs: Inputs, names: Iterable[str]) -> bool:
    """Say whether the inputs in `names` still have the bytes that were measured under them."""
    now = digests(inputs, names)
    return all(unchanged(measured.get(name), digest) for name, digest in now.items())


def unchanged(measured: Digests | None, now: Digests) -> bool:
    """Say whether what was measured, perhaps of one seed among several, is what exists now."""
    if isinstance(measured, Mapping) and isinstance(now, Mapping):
        same = [now.get(seed) == digest for seed, digest in measured.items()]
        return bool(same) and all(same)
    return measured == now
