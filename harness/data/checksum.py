"""Whether a file is the one that a spec names."""

from __future__ import annotations

import hashlib
from pathlib import Path

from harness.data.packing import read_gzip
from harness.errors import HarnessError
from harness.spec.dataset import Archive

_BLOCK = 1 << 20


def digest(path: Path, algorithm: str = "sha256") -> str:
    """Return the digest of the file at `path` in lower-case hexadecimal digits."""
    with path.open("rb") as file:
        # MD5 names a file here where its publisher states nothing better.
        made = hashlib.new(algorithm, usedforsecurity=False)
        while block := file.read(_BLOCK):
            made.update(block)
    return made.hexdigest()


def fault(path: Path, archive: Archive) -> str | None:
    """Say what is wrong with `path` as a copy of `archive`; None when nothing is."""
    try:
        reason = _packed_fault(path, archive)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None if reason is None or _content_fits(path, archive) else reason


def _packed_fault(path: Path, archive: Archive) -> str | None:
    size = path.stat().st_size
    if archive.known and size != archive.bytes:
        return f"{size} bytes instead of {archive.bytes}"
    for algorithm, wanted in (("sha256", archive.sha256), ("md5", archive.md5)):
        if wanted is not None and (found := digest(path, algorithm)) != wanted:
            return f"{algorithm} {found} instead of {wanted}"
    return None


def _content_fits(path: Path, archive: Archive) -> bool:
    if archive.content is None:
        return False
    try:
        content = read_gzip(path, archive.content.bytes)
    except HarnessError:
        return False
    return hashlib.sha256(content).hexdigest() == archive.content.sha256
