"""Putting recorded bytes back into their place, from wherever they are whole."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from harness.formats.atomic import sync_folder
from harness.stage.filerecord import FileRecord

_CHUNK = 1 << 20
OUTPUT_MODE = 0o644
OBJECT_MODE = 0o444  # as DVC leaves an object


class OtherBytesError(Exception):
    """A source does not hold the bytes on record."""


@dataclass(frozen=True)
class Restoring:
    """Writes files into the project of `root`, each whole or not at all."""

    root: Path

    def from_file(self, source: Path, place: Path, record: FileRecord, mode: int) -> None:
        """Copy `source`, whose bytes are compared while they are read."""
        self.put(_chunks(source), place, record, mode)

    def from_git(self, path: str, record: FileRecord) -> bool:
        """Restore an output from the last commit; return whether that has the bytes on record."""
        command = ["git", "cat-file", "blob", f"HEAD:./{path}"]
        try:
            done = subprocess.run(command, cwd=self.root, capture_output=True, check=False)
            if done.returncode:
                return False
            self.put([done.stdout], self.root / path, record, OUTPUT_MODE)
        except (OtherBytesError, FileNotFoundError):  # an older state, or a machine without git
            return False
        return True

    def put(self, chunks: Iterable[bytes], place: Path, record: FileRecord, mode: int) -> None:
        """Replace `place` by these bytes in one step.

        Raises
        ------
        OtherBytesError
            They are not those on record; `place` is as it was.
        OSError
            They cannot be written; `place` is as it was.
        """
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._waiting_room(place.parent))
        try:
            with os.fdopen(handle, "wb") as file:
                _write(file, chunks, record)
            os.chmod(name, mode)
            os.replace(name, place)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        sync_folder(place.parent)

    def _waiting_room(self, folder: Path) -> Path:
        # What a kill leaves must not lie among the outputs; a cache may be on another disk.
        room = self.root / ".harness" / "repair"
        room.mkdir(parents=True, exist_ok=True)
        return room if room.stat().st_dev == folder.stat().st_dev else folder

    def clear(self) -> None:
        """Remove what a repair left that was killed."""
        for left in (self.root / ".harness" / "repair").glob("*"):
            left.unlink()


def _write(file: BinaryIO, chunks: Iterable[bytes], record: FileRecord) -> None:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
        file.write(chunk)
    file.flush()
    os.fsync(file.fileno())
    if digest.hexdigest() != record.sha256:
        raise OtherBytesError(file.name)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
