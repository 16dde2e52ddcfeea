"""Unpacking gzip and tar, into memory and never past a limit.

Nothing is extracted to disk, so a bad archive leaves nothing behind; what is read is bounded by
the sizes that the spec implies, so an archive cannot fill the memory either.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import HarnessError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# Room for what the format does not count: tar's headers and padding, and short side files such
# as CIFAR's list of classes.
_SPARE = 1 << 20
_MAX_MEMBERS = 100
# Nested long names make tarfile recurse: RecursionError is a fault of the archive as well.
_FAULTS = (OSError, EOFError, zlib.error, tarfile.TarError, ValueError, RecursionError)


def read_gzip(path: Path, size: int, *, exact: bool = True) -> bytes:
    """Return the content of the gzip file `path`: `size` bytes, or at most so many.

    Raises
    ------
    HarnessError
        The file is no gzip file, is damaged or unpacks to another size.
    """
    try:
        with gzip.open(path) as file:
            # One byte more than expected: it tells a longer content, and reads the checksum.
            content = file.read(size + 1)
    except _FAULTS as error:
        raise _damaged(path, error) from error
    if len(content) > size:
        raise HarnessError(f"{path}: unpacks to more than the {size} bytes it should hold")
    if exact and len(content) < size:
        raise HarnessError(f"{path}: unpacks to {len(content)} bytes instead of {size}")
    return content


def read_tar(path: Path, wanted: Mapping[str, int]) -> dict[str, bytes]:
    """Return the members `wanted` (name to largest size) of the tar.gz file `path`.

    Every member is checked, wanted or not: an archive with a link, a device, an absolute name or
    a ``..`` is refused as a whole.

    Raises
    ------
    HarnessError
        The archive is damaged, unsafe, too large, or lacks a wanted member.
    """
    found: dict[str, bytes] = {}
    try:
        with gzip.open(path) as packed:
            stream = _Bounded(packed, sum(wanted.values()) + _SPARE, path)
            with tarfile.open(fileobj=stream, mode="r|") as archive:
                for number, member in enumerate(archive):
                    _check_member(path, member, number)
                    if member.name in wanted:
                        _check_wanted(path, member, wanted[member.name], found)
                        found[member.name] = _content(archive, member)
            stream.drain()
    except _FAULTS as error:
        raise _damaged(path, error) from error
    missing = sorted(set(wanted) - set(found))
    if missing:
        raise HarnessError(f"{path}: has no member {', '.join(missing)}")
    return found


class _Bounded(io.RawIOBase):
    """A reader that gives up once `file` has yielded more than `limit` bytes."""

    def __init__(self, file: gzip.GzipFile, limit: int, path: Path) -> None:
        super().__init__()
        self.file = file
        self.limit = limit
        self.path = path
        self.done = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        block = self.file.read(min(len(view), self.limit + 1 - self.done))
        self.done += len(block)
        if self.done > self.limit:
            raise HarnessError(f"{self.path}: unpacks to more than {self.limit} bytes")
        view[: len(block)] = block
        return len(block)

    def drain(self) -> None:
        """Read to the end, where gzip compares its checksum."""
        while self.read(io.DEFAULT_BUFFER_SIZE):
            pass


def _check_member(path: Path, member: tarfile.TarInfo, number: int) -> None:
    name = member.name
    if number >= _MAX_MEMBERS:
        raise HarnessError(f"{path}: has more than {_MAX_MEMBERS} members")
    if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/"):
        raise HarnessError(f"{path}: member {name!r} points outside the archive")
    if member.issparse():
        raise HarnessError(f"{path}: member {name!r} is a sparse file, whose holes cost nothing")
    if not (member.isfile() or member.isdir()):
        raise HarnessError(f"{path}: member {name!r} is a link or a device, not a file")


def _check_wanted(
    path: Path, member: tarfile.TarInfo, size: int, found: Mapping[str, bytes]
) -> None:
    if member.name in found:
        raise HarnessError(f"{path}: has member {member.name!r} twice")
    if not member.isfile():
        raise HarnessError(f"{path}: member {member.name!r} is not a file")
    if member.size > size:
        raise HarnessError(
            f"{path}: member {member.name!r} has {member.size} bytes, more than {size}"
        )


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    assert file is not None
    content = file.read()
    if len(content) != member.size:
        raise EOFError(f"member {member.name!r} ends early")
    return content


def _damaged(path: Path, error: Exception) -> HarnessError:
    return HarnessError(
        f"{path}: is damaged: {error}", "remove the file and fetch or adopt it again"
    )
