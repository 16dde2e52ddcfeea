"""Writing a file so that a reader sees the old one or the new one, never a third."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

DRAFTS = "drafts"
"""The folder in ``.harness`` for files that are not whole yet; the next run empties it."""

_MODE = 0o644


def write_bytes(path: Path, content: bytes) -> None:
    """Replace `path` by `content` in one step, durable when the call returns.

    Raises
    ------
    OSError
        It could not be written; `filename` is `path`, and never the temporary file.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _put(path, content, os.replace)
        sync_folder(path.parent)
    except OSError as error:
        # A write that fails names no file, and others name the temporary one.
        raise OSError(error.errno, error.strerror, str(path)) from error


def create_bytes(path: Path, content: bytes) -> None:
    """Write `content` to a new file in one step, durable when the call returns.

    Raises
    ------
    FileExistsError
        There is one already, and it is left as it is.
    OSError
        It could not be written; `filename` is `path`.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _put(path, content, _link)
        sync_folder(path.parent)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _put(path: Path, content: bytes, move: Callable[[str, Path], None]) -> None:
    try:
        _put_from(_drafts(path), path, content, move)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # Two mounts of one file system: only within one of them is a file moved in one step.
        _put_from(path.parent, path, content, move)


def _put_from(folder: Path, path: Path, content: bytes, move: Callable[[str, Path], None]) -> None:
    handle, name = tempfile.mkstemp(dir=folder, prefix=f".{os.getpid()}-", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, _MODE)
        move(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def _link(name: str, path: Path) -> None:
    os.link(name, path)
    os.unlink(name)


def _drafts(path: Path) -> Path:
    """Where a file is written before it takes its name: where a kill may leave it behind.

    That is the harness's own folder in the project, when it is on the same file system.
    """
    for folder in path.absolute().parents:
        state = folder / ".harness"
        if state.is_dir():
            with suppress(OSError):
                (state / DRAFTS).mkdir(exist_ok=True)
                if (state / DRAFTS).stat().st_dev == path.parent.stat().st_dev:
                    return state / DRAFTS
            break
    return path.parent


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
