"""What happened to a file, told from its bytes and from what is on record of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from harness.stage.content import content_sha256
from harness.stage.filerecord import FileRecord
from harness.verification.finding import Problem
from harness.verification.reading import Read

Difference = tuple[Problem, str] | tuple[Problem, str, str]
"""The problem, the sentence about it and, where it is not `--repair`, what to do."""

ANYWHERE: tuple[Problem, ...] = ("truncated", "longer", "corrupt")
"""Problems of bytes that belong nowhere."""

_MOST = 64 << 20  # bytes; a larger file's line ends are not looked at
_CRLF = "`git config core.autocrlf false`, then `harness verify --repair`"


def compare(read: Read, record: FileRecord, others: Sequence[str]) -> Difference | None:
    """Return how a file differs from its record; None when it does not.

    Parameters
    ----------
    others
        Where else the bytes that were read belong.
    """
    if read.fault:
        return "unreadable", f"it cannot be read: {read.fault}"
    if read.digest("sha256") == record.sha256:
        return None
    if read.size == 0:
        return "empty", f"it is empty; {record.size} bytes are on record"
    if others:
        return "swapped", f"its bytes are those of {others[0]}"
    if read.size != record.size:
        problem: Problem = "truncated" if read.size < record.size else "longer"
        return problem, f"it has {read.size} bytes; {record.size} are on record"
    was, now = record.sha256[:12], read.digest("sha256")[:12]
    return "corrupt", f"its SHA-256 is {now}…; {was}… is on record"


def content_difference(place: Path, path: str, record: FileRecord) -> Difference | None:
    """Return what is said of a file with the content on record and other bytes.

    Parameters
    ----------
    place
        Where it lies, at `path` in the project.
    """
    problem: Problem = "equal content, other bytes"
    try:
        if _has_carriage_returns(place, record):
            return problem, "equal content, other bytes: its lines end in CRLF", _CRLF
        # The format follows from the name, and DVC may have put a link to an object there.
        if Path(path).suffix == place.suffix and content_sha256(place) == record.content:
            return problem, "equal content, other bytes: it was written by another program"
    except OSError:
        return None
    return None


def _has_carriage_returns(place: Path, record: FileRecord) -> bool:
    if not record.size < place.stat().st_size <= min(2 * record.size, _MOST):
        return False
    restored = place.read_bytes().replace(b"\r\n", b"\n")
    return hashlib.sha256(restored).hexdigest() == record.sha256
