"""Zip files: members read one by one into memory, never past a limit, and files packed."""

from __future__ import annotations

import io
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError

_MAX_MEMBERS = 100_000
# The list of members is read into memory as a whole.
_MAX_LIST = 8 << 20
_WAYS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1
_EPOCH = (1980, 1, 1, 0, 0, 0)
_FAULTS = (
    OSError, EOFError, ValueError, RuntimeError, NotImplementedError, OverflowError,
    struct.error, zlib.error, zipfile.BadZipFile, zipfile.LargeZipFile,
)  # fmt: skip


@dataclass(frozen=True)
class Zip:
    """An open zip file whose members' names are safe; `members` are its files by name."""

    path: Path
    file: zipfile.ZipFile
    members: Mapping[str, zipfile.ZipInfo]

    def read(self, name: str, limit: int) -> bytes:
        """Return the content of a member; HarnessError when damaged or longer than `limit`."""
        member = self.members[name]
        if member.file_size > limit:
            raise HarnessError(
                f"{self.path}: member {name!r} has {member.file_size} bytes, more than {limit}"
            )
        try:
            with self.file.open(member) as file:
                # One byte more than there should be: it reads the checksum.
                content = file.read(member.file_size + 1)
        except _FAULTS as error:
            raise _damaged(self.path, f"member {name!r}: {error}") from error
        if len(content) != member.file_size:
            raise _damaged(self.path, f"member {name!r} ends early")
        return content


@contextmanager
def opened(path: Path) -> Iterator[Zip]:
    """Open a zip file.

    Every member is checked, whoever wants it: an archive with a link, an absolute name or a
    ``..`` is refused as a whole.

    Raises
    ------
    HarnessError
        The file is no zip file, is damaged or unsafe.
    """
    try:
        raw = _Careful(io.FileIO(path))
    except OSError as error:
        raise HarnessError(f"{path}: cannot be read: {error.strerror}") from error
    with raw:
        try:
            file = zipfile.ZipFile(raw)
        except _FAULTS as error:
            raise _damaged(path, str(error)) from error
        raw.limit = None
        with file:
            yield Zip(path, file, _checked(path, file.infolist()))


def pack(files: Mapping[str, Path], target: Path) -> None:
    """Write a zip file of `files` by the names they have in it; the same files, the same bytes."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, _EPOCH)
            member.create_system = 3  # Unix, whatever machine this is
            member.external_attr = 0o644 << 16
            member.file_size = files[name].stat().st_size
            with files[name].open("rb") as source, archive.open(member, "w") as packed:
                shutil.copyfileobj(source, packed, 1 << 20)


class _Careful(io.BufferedReader):
    """A file of which no more than `limit` bytes are read at once, as long as there is one."""

    limit: int | None = _MAX_LIST

    def read(self, size: int | None = -1, /) -> bytes:
        if self.limit is None:
            return super().read(size)
        wanted = self.limit + 1 if size is None or size < 0 else size
        if wanted > self.limit + 1:
            raise ValueError(f"its list of members has {wanted} bytes, more than {self.limit}")
        return super().read(wanted)


def _checked(path: Path, members: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    if len(members) > _MAX_MEMBERS:
        raise HarnessError(f"{path}: has more than {_MAX_MEMBERS} members")
    found: dict[str, zipfile.ZipInfo] = {}
    for member in members:
        name = member.filename
        if not name or name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/"):
            raise HarnessError(f"{path}: member {name!r} points outside the archive")
        if name in found:
            raise HarnessError(f"{path}: has member {name!r} twice")
        mode = member.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise HarnessError(f"{path}: member {name!r} is a link or a device, not a file")
        if member.flag_bits & _ENCRYPTED or member.compress_type not in _WAYS:
            raise HarnessError(f"{path}: member {name!r} is encrypted or packed in a rare way")
        found[name] = member
    return {name: member for name, member in found.items() if not member.is_dir()}


def _damaged(path: Path, said: str) -> HarnessError:
    return HarnessError(f"{path}: is damaged: {said}", "remove the file and adopt it again")
