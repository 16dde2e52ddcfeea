"""Holds: one process at a time writes the project, or runs a stage, and says who it is.

A hold is a lock of the kernel on a file: when its holder dies, however it dies, it is free. What
is written in the file is for people, and tells the next holder that the last one was killed.

The standard library alone, since the launcher uses it.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from harness.errors import HarnessError
from harness.stage.children import alive
from harness.stage.interrupt import Interrupted
from harness.stage.planned import PlannedStage

VARIABLE = "HARNESS_HOLDER"
"""Names the process that holds the project, to those that it starts."""

_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)


class HeldError(HarnessError):
    """Another process holds what this one needs."""


@dataclass(frozen=True)
class Holder:
    """Who holds: the process's number, its command, and since when (UTC)."""

    pid: int
    command: str
    since: str


@dataclass(frozen=True)
class Hold:
    """What a process holds.

    Parameters
    ----------
    descriptors
        The lock's file descriptor, for a child that shall hold it too; none without a lock.
    killed
        The last holder, when it ended without giving its hold back.
    """

    descriptors: tuple[int, ...] = ()
    killed: Holder | None = None


def project_file(root: Path) -> Path:
    """Return the file on which the project is held."""
    return root / ".harness" / "project.lock"


@contextmanager
def writing(root: Path, command: str) -> Iterator[Hold]:
    """Hold the project for `command`, alone: nobody else reads or writes it meanwhile.

    Raises
    ------
    HarnessError
        Another process holds it; it is named.
    """
    if _held_by_ancestor():
        yield Hold()
        return
    with held(project_file(root), "this project", command) as hold:
        yield hold


@contextmanager
def reading(root: Path, command: str) -> Iterator[Hold]:
    """Hold the project for `command`, with others that only read, or run a stage for DVC.

    Raises
    ------
    HarnessError
        Another process is writing it; it is named.
    """
    if _held_by_ancestor():
        yield Hold()
        return
    with held(project_file(root), "this project", command, shared=True) as hold:
        yield hold


@contextmanager
def running(root: Path, plan: PlannedStage) -> Iterator[Hold]:
    """Run a stage alone; HarnessError names the process that runs it already."""
    path = root / ".harness" / "scratch" / plan.profile / f"{plan.dvc_name}.lock"
    with held(path, f"stage {plan.address}", f"stage {plan.address}") as hold:
        yield hold


@contextmanager
def held(
    path: Path, what: str, command: str, *, shared: bool = False, wait: bool = False
) -> Iterator[Hold]:
    """Hold `path`, which stands for `what`.

    When it is taken, `HeldError` names the holder; with `wait` a note does, and the holder's end
    is waited for.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        if shared and error.errno in _READ_ONLY:
            yield Hold()  # what cannot be written needs no protection from writers
            return
        raise
    try:
        try:
            _lock(handle, path, what, shared=shared)
        except HeldError as error:
            if not wait:
                raise
            print(f"waiting: {error.message}", file=sys.stderr, flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        named, own = _read(handle), Holder(os.getpid(), command, _now())
        _write(handle, own)
        try:
            # Alone here, whoever was named has died; among readers it may live.
            yield Hold((handle,), None if shared else named)
        finally:
            if _read(handle) in (own, None):
                _write(handle, named if shared and named and alive(named.pid) else None)
    finally:
        os.close(handle)


def writer(root: Path) -> Holder | None:
    """Return who is writing the project now, or None; this process's own ancestor is nobody."""
    if _held_by_ancestor():
        return None
    try:
        handle = os.open(project_file(root), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(handle) or Holder(0, "another command", "a moment ago")
    else:
        return None
    finally:
        os.close(handle)


def check_ancestor(variables: Mapping[str, str]) -> None:
    """Raise `Interrupted` when the process that holds the project for this one was killed."""
    named = variables.get(VARIABLE, "")
    if named.isdecimal() and not alive(int(named)):
        raise Interrupted(signal.SIGTERM)


def _lock(handle: int, path: Path, what: str, *, shared: bool) -> None:
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = _read(handle)
        if holder is None:
            raise HeldError(
                f"{what} is held by another process, which has not said its name yet",
                f"run the command again; `fuser {path}` names the process",
            ) from None
        raise HeldError(
            f"{what} is held by `{holder.command}` (process {holder.pid}, since {holder.since})",
            f"wait until it has ended, or end it with `kill {holder.pid}`",
        ) from None


def _held_by_ancestor() -> bool:
    named = os.environ.get(VARIABLE, "")
    return named.isdecimal() and alive(int(named))


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _read(handle: int) -> Holder | None:
    try:
        return Holder(**json.loads(os.pread(handle, 1 << 16, 0)))
    except (ValueError, TypeError):
        return None  # nobody, or a holder that was killed while it wrote its name


def _write(handle: int, holder: Holder | None) -> None:
    text = json.dumps(asdict(holder)) + "\n" if holder else ""
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, text.encode(), 0)
    except OSError:
        return  # a full disk: the lock holds, it is only its name that nobody can read
