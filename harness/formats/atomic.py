"""Writing a file so that a reader sees the old one or the new one, never a third."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_MODE = 0o644


def write_bytes(path: Path, content: bytes) -> None:
    """Replace `path` by `content` in one step, durable when the call returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, _MODE)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_text(path: Path, content: str) -> None:
    """Replace `path` by `content` in UTF-8 in one step."""
    write_bytes(path, content.encode())


def write_if_changed(path: Path, content: bytes) -> bool:
    """Write `content` unless `path` holds it already; return whether anything was written."""
    if path.is_file() and path.read_bytes() == content:
        return False
    write_bytes(path, content)
    return True


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
