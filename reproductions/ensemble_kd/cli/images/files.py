"""The content of a user's file, never more than it can hold."""

from __future__ import annotations

from pathlib import Path

from harness.data.packing import read_gzip
from harness.errors import UsageError


def content(path: Path, largest: int) -> bytes:
    """Return what the file `path` holds, unpacked where its name ends in ``.gz``.

    Raises
    ------
    HarnessError
        It cannot be read, is damaged, or is longer than `largest` bytes.
    """
    if path.suffix == ".gz":
        return read_gzip(path, largest, exact=False)
    try:
        with path.open("rb") as file:
            found = file.read(largest + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    if len(found) > largest:
        raise UsageError(f"{path}: is longer than {largest} bytes", "give the dataset's own file")
    return found
