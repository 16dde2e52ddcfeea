"""The process over one program of a device: `python keeper.py CORE WORD...`.

It starts the program and ends with it, with its status. When its own standard input ends, which
the kernel sees to however its starter dies, it ends the program and everything that came of it:
first by SIGTERM, and what is left after two seconds by SIGKILL. Processes that leave their session
or their parent stay its descendants, since the kernel hands orphans to it.

It runs as a file by itself, on the standard library alone, whatever the program's environment is.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

_GRACE = 2.0
_LONGEST = 10.0
_POLL = 0.01
_NO_PROGRAM = 127
KILLED = 128 + signal.SIGKILL
"""The status of a keeper whose program was ended by SIGKILL."""

# Of prctl(2).
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36

_DEFERRED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE)


def keep(core: str, command: Sequence[str]) -> NoReturn:
    """Run `command` until it ends or standard input does; end as it has ended.

    Its number goes to standard output, and whatever it prints to standard error.

    Parameters
    ----------
    core
        The number of the core that it stays on; ``-`` for any.
    command
        The program and its words.
    """
    # Whoever wants it to end closes its input; only so is everything ended in order.
    for number in _DEFERRED:
        signal.signal(number, signal.SIG_IGN)
    _control(_PR_SET_CHILD_SUBREAPER, 1)
    ended, awake = os.pipe()
    for one in (ended, awake):
        os.set_blocking(one, False)
    signal.set_wakeup_fd(awake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    keeper = os.getpid()
    program = os.fork()
    if program == 0:
        _become(keeper, core, command)
    os.write(1, b"%d\n" % program)
    os.close(1)
    status = _wait(program, ended)
    _end(program)
    _end_as(status)


def _become(keeper: int, core: str, command: Sequence[str]) -> NoReturn:
    """Turn this process into the program."""
    try:
        signal.set_wakeup_fd(-1)
        for number in (*_DEFERRED, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        _control(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != keeper:  # it died before the kernel knew of the wish
            os._exit(_NO_PROGRAM)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        what = f"cannot stay on core {core}"
        if core != "-":
            os.sched_setaffinity(0, {int(core)})
        what = f"cannot run {command[0]}"
        os.execvp(command[0], list(command))  # noqa: S606 - without a shell is what is wanted
    except OSError as error:
        os.write(2, f"{what}: {error.strerror}\n".encode())
    finally:
        os._exit(_NO_PROGRAM)


def _control(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _wait(program: int, ended: int) -> int | None:
    """Wait until the program ends, and return its status, or until standard input does: None."""
    while True:
        status = _reap(program)
        if status is not None:
            return status
        ready, _, _ = select.select([0, ended], [], [])
        if ended in ready:
            os.read(ended, 4096)
        if 0 in ready and not os.read(0, 4096):
            return None


def _reap(program: int) -> int | None:
    """Take note of every child that has ended; return the program's status when it is one."""
    found = None
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            if pid == program:
                found = os.waitstatus_to_exitcode(status)
    return found


def _end(program: int) -> None:
    """End the program's session and all descendants; return when none is left."""
    started = time.monotonic()
    _signal_all(program, signal.SIGTERM)
    while _any_left() and (spent := time.monotonic() - started) < _LONGEST:
        if spent > _GRACE:
            _signal_all(program, signal.SIGKILL)
        time.sleep(_POLL)


def _any_left() -> bool:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _signal_all(program: int, number: int) -> None:
    for pid in descendants(os.getpid()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(program, number)


def descendants(ancestor: int, proc: Path = Path("/proc")) -> list[int]:
    """Return the numbers of the processes that came of `ancestor`, those of its own first."""
    children: dict[int, list[int]] = {}
    for place in proc.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            # The name, in parentheses, may hold anything.
            words = place.read_bytes().rpartition(b")")[2].split()
            children.setdefault(int(words[1]), []).append(int(place.parent.name))
    found: list[int] = []
    waiting = [ancestor]
    while waiting:
        own = children.pop(waiting.pop(0), [])
        found += own
        waiting += own
    return found


def _end_as(status: int | None) -> NoReturn:
    """End with `status`, and by a signal when it is one's negative number."""
    if status == -signal.SIGKILL:  # so ends a keeper that was killed itself
        os._exit(KILLED)
    if status is not None and status < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status if status is not None and status > 0 else 0)


if __name__ == "__main__":
    keep(sys.argv[1], sys.argv[2:])
