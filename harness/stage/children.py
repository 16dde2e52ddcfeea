"""Processes that end with the one that started them, and their own processes with them.

The standard library alone, since the launcher uses it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from harness.stage.interrupt import Interrupted

_PR_SET_PDEATHSIG = 1  # of prctl(2)
_PATIENCE = 10.0
_POLL = 0.02
_LOOK = 0.2


def start(
    command: Sequence[str],
    variables: Mapping[str, str],
    folder: Path,
    umask: int = -1,
    keep: Sequence[int] = (),
    stdout: int | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own; the kernel ends it when this process is killed.

    Ctrl-C at a terminal does not reach it: whoever started it ends it, in order.

    Parameters
    ----------
    command, variables, folder
        What runs, with which variables, and where.
    umask
        Its umask; -1 leaves it as it is.
    keep
        File descriptors that it holds on to, such as a lock's.
    stdout
        The file descriptor that it prints to; this process's own standard output by default.
    """
    parent = os.getpid()
    return subprocess.Popen(
        command,
        env=variables,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        umask=umask,
        pass_fds=keep,
        start_new_session=True,
        # This process has no threads when it starts another, so the callback is safe.
        preexec_fn=lambda: _follow(parent),  # noqa: PLW1509
    )


def run(
    command: Sequence[str],
    variables: Mapping[str, str],
    folder: Path,
    keep: Sequence[int] = (),
    stdout: int | None = None,
) -> int:
    """Run a process as `start` does and return its exit status; ended with it when interrupted."""
    process = start(command, variables, folder, keep=keep, stdout=stdout)
    try:
        return process.wait()
    except BaseException:
        end([process])
        raise


def _follow(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it was killed before the kernel knew of the wish
        os._exit(128 + signal.SIGKILL)


def alive(pid: int) -> bool:
    """Whether a process of this number runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _stat(pid)[:1] != ["Z"]


@contextmanager
def following_starter() -> Iterator[None]:
    """Raise `Interrupted` when whoever started this process dies.

    DVC starts a stage through a shell, which outlives it, so that the kernel tells the stage
    nothing: it looks for itself, five times a second.
    """
    starter = _lineage()

    def look(*_: object) -> None:
        if _lineage() != starter:
            signal.setitimer(signal.ITIMER_REAL, 0)
            raise Interrupted(signal.SIGTERM)

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, _LOOK, _LOOK)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)  # the interpreter's end has no handler any more


def _lineage() -> tuple[str, ...]:
    """The numbers of the parent and, when that is only a shell for this process, of its parent."""
    parent = os.getppid()
    try:
        words = Path(f"/proc/{parent}/cmdline").read_bytes().split(b"\0")
    except OSError:
        words = []
    through_shell = b"-c" in words and any(b"harness.stage" in word for word in words)
    return (str(parent), *(_stat(parent)[1:] if through_shell else []))


def _stat(pid: int) -> list[str]:
    """The state of a process and the number of its parent; nothing where no system tells them."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()[:2]


def end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """End the processes and all of their sessions, and return when none of them is left.

    They are asked to; what does not obey within ten seconds is killed.
    """
    for process in processes:
        _signal(process, signal.SIGTERM)
    deadline = time.monotonic() + _PATIENCE
    for process in processes:
        while _session_lives(process):
            if time.monotonic() > deadline:
                _signal(process, signal.SIGKILL)
            time.sleep(_POLL)


def _session_lives(process: subprocess.Popen[bytes]) -> bool:
    process.poll()  # one that has ended is a member of its session until it is waited for
    return _signal(process, 0)


def _signal(process: subprocess.Popen[bytes], number: int) -> bool:
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
