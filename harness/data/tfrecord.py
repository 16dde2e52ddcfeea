"""TFRecord files: records framed by their length and by checksums of length and content."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from harness.data.crc32c import crc32c
from harness.errors import HarnessError

_HEAD = struct.Struct("<QI")
_TAIL = struct.Struct("<I")
_DELTA = 0xA282EAD8


@dataclass(frozen=True)
class Place:
    """Where a record's content is in a file, in bytes."""

    start: int
    size: int


def places(path: Path, limit: int) -> list[Place]:
    """Return where the records of a file are; their contents are not read.

    Raises
    ------
    HarnessError
        A length has a wrong checksum, a record is longer than `limit` bytes, or the file ends
        inside one.
    """
    found: list[Place] = []
    try:
        end = path.stat().st_size
        with path.open("rb") as file:
            start = 0
            while start < end:
                size = _size(path, file.read(_HEAD.size), start, len(found))
                place = Place(start + _HEAD.size, size)
                start = place.start + size + _TAIL.size
                if size > limit:
                    said = f"has {size} bytes, more than the {limit} that an example needs"
                    raise _wrong(path, len(found), said)
                if start > end:
                    raise _wrong(path, len(found), "ends early: the file is cut off")
                found.append(place)
                file.seek(start)
    except OSError as error:
        raise HarnessError(f"{path}: cannot be read: {error.strerror}") from error
    return found


def content(path: Path, file: BinaryIO, place: Place, number: int) -> bytes:
    """Return the content of record `number`, whose checksum is computed."""
    try:
        file.seek(place.start)
        found = file.read(place.size + _TAIL.size)
    except OSError as error:
        raise HarnessError(f"{path}: cannot be read: {error.strerror}") from error
    if len(found) != place.size + _TAIL.size:
        raise _wrong(path, number, "ends early: the file is cut off")
    record = found[: place.size]
    if masked(crc32c(record)) != _TAIL.unpack(found[place.size :])[0]:
        raise _wrong(path, number, "does not have the content of its checksum")
    return record


def masked(checksum: int) -> int:
    """Return a checksum as the format stores it: turned, and a constant added."""
    return ((checksum >> 15 | checksum << 17) + _DELTA) & 0xFFFFFFFF


def _size(path: Path, head: bytes, start: int, number: int) -> int:
    if len(head) < _HEAD.size:
        raise _wrong(path, number, "ends early: the file is cut off")
    size, checksum = _HEAD.unpack(head)
    if masked(crc32c(head[:8])) != checksum:
        raise _wrong(path, number, f"has a length with a wrong checksum, at byte {start}")
    return int(size)


def _wrong(path: Path, number: int, said: str) -> HarnessError:
    return HarnessError(f"{path}: record {number} {said}", "get the file again and adopt it")
