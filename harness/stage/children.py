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
from collections.abc import Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # of prctl(2)
_PATIENCE = 10.0
_POLL = 0.02


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
    die_with_parent(signal.SIGKILL)
    if os.getppid() != parent:  # it was killed before the kernel knew of the wish
        os._exit(128 + signal.SIGKILL)


def die_with_parent(number: int) -> None:
    """Have the kernel send this process the signal `number` when its parent dies; Linux alone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)


def alive(pid: int) -> bool:
    """Whether a process of this number runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


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
