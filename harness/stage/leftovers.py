"""What a killed run leaves behind, and how it is put in order before the next one.

DVC writes dvc.lock in place: killed meanwhile, it leaves half of it. So every stage keeps a copy
of the dvc.lock that it found whole. DVC's list of who reads and writes what (.dvc/tmp/rwlock) is
written in the same way, and would stop every later run when it is cut short.

The standard library alone, since the launcher uses it.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.formats.atomic import DRAFTS, write_bytes
from harness.stage.children import alive
from harness.stage.hold import HeldError, Hold
from harness.stage.lock import read_lock


def put_in_order(root: Path, lock: Path, hold: Hold) -> bool:
    """Put in order what killed runs left behind, before a run; whether dvc.lock was mended.

    Parameters
    ----------
    root, lock
        The project and the dvc.lock that the run goes by.
    hold
        How this process holds the project. Only where the last holder was killed is half a
        dvc.lock put back: otherwise it is no harness that has left it.

    Raises
    ------
    HarnessError
        DVC is at work in the project without the harness.
    """
    sweep(root)
    mend_dvc(root)
    mended = hold.killed is not None and mend_lock(root, lock)
    keep_lock(root, lock)
    return mended


def keep_lock(root: Path, lock: Path) -> None:
    """Keep a copy of dvc.lock as it is now, when it is whole, or that there is none."""
    kept = _kept(root, lock)
    if not _is_whole(lock):
        return
    content = lock.read_bytes() if lock.exists() else b""
    if not kept.is_file() or kept.read_bytes() != content:
        write_bytes(kept, content)


def mend_lock(root: Path, lock: Path) -> bool:
    """Put the copy of dvc.lock back when a killed DVC has left half of it; return whether so."""
    kept = _kept(root, lock)
    if _is_whole(lock) or _has_conflict(lock) or not kept.is_file():
        return False
    content = kept.read_bytes()
    if content:
        write_bytes(lock, content)
    else:
        lock.unlink()
    return True


def _is_whole(lock: Path) -> bool:
    try:
        read_lock(lock)
    except HarnessError:
        return False
    return True


def _has_conflict(lock: Path) -> bool:
    # The markers of a merge are a person's to resolve: no kill leaves them.
    return b"<<<<<<<" in lock.read_bytes()


def _kept(root: Path, lock: Path) -> Path:
    name = lock.parent.absolute().relative_to(root).as_posix().replace("/", "-")
    return root / ".harness" / "locks" / f"{'project' if name == '.' else name}.lock"


def sweep(root: Path) -> None:
    """Remove the unfinished files of processes that are no more."""
    for draft in (root / ".harness" / DRAFTS).glob(".*-*"):
        pid = draft.name[1:].partition("-")[0]
        if not (pid.isdecimal() and alive(int(pid))):
            draft.unlink(missing_ok=True)


def mend_dvc(root: Path) -> None:
    """Release what killed runs of DVC hold; HarnessError names one that is still at work."""
    path = root / ".dvc" / "tmp" / "rwlock"
    if not path.exists():
        return
    with _guarded(path):
        try:
            entries = json.loads(path.read_bytes())
            holders = dict(_holders(entries))
        except (ValueError, TypeError, KeyError, AttributeError):
            path.unlink()  # cut short by a kill: DVC would refuse every command from now on
            return
        running = {pid: cmd for pid, cmd in holders.items() if _is_dvc(pid)}
        if not running:
            path.unlink()
            return
    pid, command = next(iter(running.items()))
    raise HeldError(
        f"this project is held by `{command}` (process {pid})",
        f"wait until it has ended, or end it with `kill {pid}`",
    )


def _holders(entries: dict[str, dict[str, Any]]) -> Iterator[tuple[int, str]]:
    for found in (*entries.get("write", {}).values(), *entries.get("read", {}).values()):
        for one in found if isinstance(found, list) else [found]:
            yield int(one["pid"]), str(one["cmd"])


def _is_dvc(pid: int) -> bool:
    # The number of a process that was killed may be another process's by now.
    if not alive(pid):
        return False
    try:
        return b"dvc" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return True  # no such list of processes here: the number alone must do


@contextmanager
def _guarded(path: Path) -> Iterator[None]:
    # DVC changes the list under this lock, for a moment.
    handle = os.open(path.with_name("rwlock.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            yield
    finally:
        os.close(handle)
