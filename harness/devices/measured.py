"""Hashes of what is measured, so that a record can be held against what exists now."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from harness.devices.record import Measured
from harness.stage.inputs import Inputs


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, or of a folder's file names and their bytes."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    lines = [
        f"{digest(one)} {one.relative_to(path).as_posix()}\n"
        for one in sorted(path.rglob("*"))
        if one.is_file()
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def digests(inputs: Inputs, names: Iterable[str]) -> Measured:
    """Return the digest of each input in `names`; one a seed where it was made per seed."""
    found: Measured = {}
    for name in names:
        seeds = inputs.seeds(name)
        found[name] = (
            {str(seed): digest(inputs.path(name, seed)) for seed in seeds}
            if seeds
            else digest(inputs.path(name))
        )
    return found
