"""The committed bytes of an output that git does not keep, where they can still be had."""

from __future__ import annotations

from pathlib import Path

from harness.stage.digest import file_digest
from harness.stage.filerecord import FileRecord


def committed_file(places: list[Path], cache: Path, path: str, record: FileRecord) -> Path | None:
    """Return a file with the bytes of `record`, or None when nobody has them any more.

    Parameters
    ----------
    places
        Folders that may hold the file under its path: what was taken aside, the work tree.
    cache
        The folder of the objects of DVC's cache.
    """
    object_ = cache / record.md5[:2] / record.md5[2:]
    candidates = [*(place / path for place in places), object_]
    return next((one for one in candidates if _is(one, record)), None)


def _is(path: Path, record: FileRecord) -> bool:
    try:
        return path.is_file() and file_digest(path, "sha256") == record.sha256
    except OSError:
        return False
