"""Whether a file is the one that a spec names."""

from __future__ import annotations

import hashlib
from pathlib import Path

from harness.data.packing import read_gzip
from harness.errors import HarnessError
from harness.spec.dataset import Archive
from harness.stage.digest import file_digest


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
    # MD5 names a file where its publisher states nothing better.
    for algorithm, wanted in (("sha256", archive.sha256), ("md5", archive.md5)):
        if wanted is not None and (found := file_digest(path, algorithm)) != wanted:
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
