"""The archives of one dataset as they were fetched or adopted."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.data.checksum import fault
from harness.errors import HarnessError
from harness.formats.atomic import sync_folder, write_text
from harness.spec.dataset import Archive
from harness.stage.digest import file_digest

_PREFIX = ".partial-"


@dataclass(frozen=True)
class Store:
    """A folder that holds whole and right archives only."""

    folder: Path

    def path(self, archive: Archive) -> Path:
        """Return where `archive` lies, or would lie."""
        return self.folder / archive.name

    def holds(self, archive: Archive) -> bool:
        """Whether `archive` is here and right: its digest is computed, never taken on trust.

        One whose bytes no spec knows is right while it has those that were adopted.
        """
        path = self.path(archive)
        if not path.is_file():
            return False
        if not archive.known:
            return self._recorded(archive) == file_digest(path, "sha256")
        return fault(path, archive) is None

    def keeps(self, archive: Archive) -> bool:
        """Whether a file of this name is here; `holds` also looks into it."""
        return self.path(archive).is_file()

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Give a folder for incomplete files, removed in the end; one process at a time."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.folder, os.O_RDONLY)
        except OSError as error:
            raise HarnessError(f"{self.folder}: cannot be written: {error}") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            # Whoever made these was killed: the lock is ours.
            for left in self.folder.glob(f"{_PREFIX}*"):
                shutil.rmtree(left, ignore_errors=True)
            with tempfile.TemporaryDirectory(dir=self.folder, prefix=_PREFIX) as folder:
                yield Path(folder)
        finally:
            os.close(handle)

    def admit(self, part: Path, archive: Archive) -> str | None:
        """Move `part` in as `archive` when it is right; otherwise say what is wrong with it."""
        reason = fault(part, archive)
        if reason is None:
            found = None if archive.known else file_digest(part, "sha256")
            part.chmod(0o644)
            with part.open("rb") as file:
                os.fsync(file.fileno())
            os.replace(part, self.path(archive))
            sync_folder(self.folder)
            if found is not None:
                write_text(self._record(archive), f"{found}\n")
        return reason

    def _record(self, archive: Archive) -> Path:
        """Return where the digest is kept that an archive had when it was adopted."""
        return self.folder / f"{archive.name}.sha256"

    def _recorded(self, archive: Archive) -> str | None:
        try:
            return self._record(archive).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None
