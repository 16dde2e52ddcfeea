"""Programs that serve: started together, watched, and ended with everything that came of them."""

from __future__ import annotations

import errno
import os
import random
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from harness.devices import keeper
from harness.errors import HarnessError

# Below the ports that systems give to outgoing connections, one of which could take a port
# between the moment that it is found free and the program's start.
_PORTS = range(16384, 32768)
_POLL = 0.02
_TRY = 1.0
_END = 20.0
_LINES = 12
_TAIL = 8192


@dataclass(frozen=True)
class Program:
    """A program that shall listen on a port.

    Parameters
    ----------
    name
        How messages, and its log, call it.
    command
        Its words; ``{address}`` and ``{port}`` in them stand for where it shall listen.
    address
        Where this process reaches it.
    core
        The core that it stays on; None for any.
    prefix
        Words before those of the command, such as those that enter a network namespace.
    variables
        Variables that it has beside those of this process.
    """

    name: str
    command: tuple[str, ...]
    address: str = "127.0.0.1"
    core: int | None = None
    prefix: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)

    def words(self, port: int) -> list[str]:
        """Return the whole command, for this port."""
        inside = {"{address}": self.address, "{port}": str(port)}
        filled = [
            re.sub(r"\{(address|port)\}", lambda at: inside[at.group()], word)
            for word in self.command
        ]
        return [*self.prefix, *filled]


class Server:
    """A program that runs and listens; `running` makes it.

    Parameters
    ----------
    program, port
        What was started, and where it listens.
    log
        The file that has what it printed.
    """

    def __init__(self, program: Program, port: int, log: Path) -> None:
        self.name = program.name
        self.address = program.address
        self.port = port
        self.pid = 0
        self._log = log
        self._begin = log.stat().st_size if log.exists() else 0
        self._keeper = _keeper(program, port, log)

    @property
    def folder(self) -> Path:
        """Where the log is."""
        return self._log.parent

    def died(self) -> str | None:
        """Say how the program ended, with the last lines of its log; None while it runs."""
        status = self._keeper.poll()
        if status is None:
            return None
        return f"'{self.name}' {_end_in_words(status)}{self.said()}"

    def said(self) -> str:
        """Return the last lines of the program's log, for the end of a message."""
        with self._log.open("rb") as log:
            end = log.seek(0, os.SEEK_END)
            log.seek(max(self._begin, end - _TAIL))
            lines = log.read().decode(errors="replace").splitlines()
        told = [line.rstrip() for line in lines if line.strip()][-_LINES:]
        return "".join(["; it said:", *(f"\n  {line}" for line in told)] if told else [])

    def memory(self) -> int:
        """Return the most bytes that have been resident: in the program, or in one of its children.

        The larger of them is meant, of those that run now: a server may keep a process for each
        session.

        Raises
        ------
        HarnessError
            The program has ended, or the system does not tell.
        """
        found = [_peak(pid) for pid in (self.pid, *keeper.descendants(self.pid))]
        if not any(found):
            why = self.died() or f"/proc/{self.pid}/status does not tell"
            raise HarnessError(f"the memory of '{self.name}' cannot be read: {why}")
        return max(found)

    def identify(self, deadline: float) -> None:
        """Learn the program's number from its keeper, which tells it first of all.

        Parameters
        ----------
        deadline
            On the clock of `time.monotonic`.
        """
        told = self._keeper.stdout
        assert told is not None
        left = max(0.0, deadline - time.monotonic())
        if select.select([told], [], [], left)[0]:
            self.pid = int(told.readline() or 0)
        told.close()

    def listens(self) -> bool:
        """Whether the program accepts a connection now."""
        try:
            socket.create_connection((self.address, self.port), _TRY).close()
        except OSError:
            return False
        return True

    def release(self) -> None:
        """Let the keeper end everything, without waiting for it."""
        assert self._keeper.stdin is not None
        with suppress(OSError):
            self._keeper.stdin.close()

    def end(self) -> None:
        """Wait until everything has ended, after `release`; end by force what a keeper did not."""
        try:
            self._keeper.wait(_END)
        except subprocess.TimeoutExpired:
            self._keeper.kill()
            self._keeper.wait()
        # A keeper that was itself killed has left the program's session behind.
        if self.pid and self._keeper.returncode == -signal.SIGKILL:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)


@contextmanager
def running(
    programs: Sequence[Program], folder: Path, patience_s: float = 60
) -> Iterator[tuple[Server, ...]]:
    """Start `programs`, each on a free port, and end them with everything that they started.

    They also end when this process is killed by a signal that it cannot handle: see
    `harness.devices.keeper`.

    Parameters
    ----------
    programs
        All of them start at once. Their names differ.
    folder
        Where each one's log goes, ``<name>.log``; added to, when it is there.
    patience_s
        Seconds in which each must accept a connection.

    Yields
    ------
    tuple of Server
        In the order of `programs`.

    Raises
    ------
    HarnessError
        One has ended or does not listen in time; each that did so is named, with its log.
    """
    folder.mkdir(parents=True, exist_ok=True)
    servers: list[Server] = []
    try:
        deadline = time.monotonic() + patience_s
        for program, port in zip(programs, _free_ports(programs), strict=True):
            servers.append(Server(program, port, folder / f"{program.name}.log"))
        for server in servers:
            server.identify(deadline)
        _wait(servers, deadline, patience_s)
        yield tuple(servers)
    finally:
        for server in servers:
            server.release()
        for server in servers:
            server.end()


def _keeper(program: Program, port: int, log: Path) -> subprocess.Popen[bytes]:
    core = "-" if program.core is None else str(program.core)
    # By its path and isolated: neither the program's variables nor its folder lead it elsewhere.
    words = [sys.executable, "-I", "-S", keeper.__file__, core, *program.words(port)]
    with log.open("ab") as said:
        return subprocess.Popen(
            words,
            env={**os.environ, **program.variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            start_new_session=True,
        )


def _wait(servers: Sequence[Server], deadline: float, patience_s: float) -> None:
    """Wait until every server listens; raise HarnessError that names each that does not."""
    waiting = list(servers)
    ended: list[str] = []
    while waiting and not ended:
        waiting = [server for server in waiting if not server.listens()]
        ended = [said for server in servers if (said := server.died())]
        if time.monotonic() > deadline:
            break
        if waiting and not ended:
            time.sleep(_POLL)
    late = [
        f"'{server.name}' does not listen on {server.address}, port {server.port}, "
        f"after {patience_s:g} seconds{server.said()}"
        for server in waiting
    ]
    if ended or late:
        raise HarnessError("\n".join(ended or late), f"the whole logs are in {servers[0].folder}")


def _free_ports(programs: Sequence[Program]) -> list[int]:
    """Return a free port for each program, no two of them equal."""
    chance = random.SystemRandom()
    ports: list[int] = []
    for program in programs:
        tried = (port for port in chance.sample(_PORTS, len(_PORTS)) if port not in ports)
        free = next((port for port in tried if _is_free(program.address, port)), None)
        if free is None:
            raise HarnessError(
                f"'{program.name}': no port from {_PORTS[0]} to {_PORTS[-1]} is free",
                "end programs that listen there",
            )
        ports.append(free)
    return ports


def _is_free(address: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as one:
        # A port whose last connection has ended a moment ago is free for one that listens.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((address, port))
        except OSError as error:
            # The address is that of another network namespace, where nothing listens yet.
            return error.errno == errno.EADDRNOTAVAIL
    return True


def _peak(pid: int) -> int:
    """Return the peak of the resident memory of a process in bytes, 0 when nothing tells it."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return int(found.group(1)) * 1024 if found else 0


def _end_in_words(status: int) -> str:
    number = int(signal.SIGKILL) if status == keeper.KILLED else -status
    if number <= 0:
        return f"ended with status {status}"
    try:
        return f"was ended by {signal.Signals(number).name}"
    except ValueError:  # of real time, without a name
        return f"was ended by signal {number}"
