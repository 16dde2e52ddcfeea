"""Links of a given bandwidth between this machine and nodes that run on it.

Each node is a network namespace with one virtual cable to the host's. The namespace belongs to a
process and has no name, and the cable belongs to the namespace: when that process ends, for which
the end of its starter is enough, the kernel takes all of it away. Nothing is left to be swept up.

A token bucket at each end of the cable gives it its bandwidth, both ways and independently. After
a rest it lets `burst` bytes pass at once: a message that is no longer takes no time at all, and a
longer one is early by as much. A latency needs a kernel with netem, which then gives the bandwidth
as well, to each byte.

The addresses are of 198.18.0.0/15, which is set aside for measurements inside one network
(RFC 2544, appendix C.2.2; RFC 6890) and which no route of the Internet leads to.
"""

from __future__ import annotations

import os
import selectors
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address

from harness.errors import HarnessError
from harness.spec.device import Link

_PACKET = 1600  # bytes; one of Ethernet has 1514, and a bucket that is smaller lets none pass
_LATE = 200e-6  # seconds; a kernel that wakes up so late makes up for it, and keeps the bandwidth
_TOOLS = {"ip": "iproute2", "tc": "iproute2", "unshare": "util-linux", "nsenter": "util-linux"}
_ADVICE = "measure without shaped links, or run as root on Linux with iproute2 and util-linux"
_FIRST = IPv4Address("198.18.0.0")
_PLACES = 1 << 15
_QUEUE = 1 << 22  # bytes; no message of ours fills it, so that nothing is sent twice
_PATIENCE = 20.0
_BIT = 1_000_000


@dataclass(frozen=True)
class Node:
    """One end of a link.

    Parameters
    ----------
    address
        The node's address, as the host reaches it.
    enter
        Words before a command that is to run inside.
    """

    address: str
    enter: tuple[str, ...]


def burst(bandwidth_mbit: float) -> int:
    """Return how many bytes pass a link of `bandwidth_mbit` at once after a rest."""
    return max(_PACKET, round(bandwidth_mbit * _BIT / 8 * _LATE))


def refusal() -> str | None:
    """Say why no link can be made here; None when they can. Found by making one, once."""
    return _tried(Link(latency_ms=0, bandwidth_mbit=1000), tuple(_missing()))


def latency_possible() -> str | None:
    """Say why no link here can have a latency; None when they can. Found by making one, once."""
    return _tried(Link(latency_ms=1, bandwidth_mbit=1000), tuple(_missing()))


@contextmanager
def shaped(link: Link, nodes: int) -> Iterator[tuple[Node, ...]]:
    """Make a link to each of `nodes` nodes; at the end they are gone.

    What runs inside is the caller's to end: a process inside keeps its namespace, though not the
    link.

    Parameters
    ----------
    link
        Bandwidth each way and latency one way of every link.
    nodes
        How many.

    Raises
    ------
    HarnessError
        The tools are missing, or the system does not permit it; with its words.
    """
    missing = _missing()
    if missing:
        raise HarnessError(f"no link can be shaped: {missing[0]}", _ADVICE)
    with ExitStack() as links:
        yield tuple(links.enter_context(_node(link)) for _ in range(nodes))


@cache
def _tried(link: Link, missing: tuple[str, ...]) -> str | None:
    if missing:
        return missing[0]
    try:
        with shaped(link, 1):
            return None
    except HarnessError as error:
        return error.message


def _missing() -> list[str]:
    return [
        f"there is no program '{tool}' (Debian: {package})"
        for tool, package in _TOOLS.items()
        if shutil.which(tool) is None
    ]


@contextmanager
def _node(link: Link) -> Iterator[Node]:
    with _namespace() as owner:
        name, place = _cable(owner)
        try:
            yield _connected(link, owner, name, place)
        finally:
            # The end of the namespace takes the cable along, but later than its process's end.
            _run_quietly("ip", "link", "delete", name)


@contextmanager
def _namespace() -> Iterator[int]:
    """Start a process that has a network of its own and ends with us; yield its number."""
    holder = subprocess.Popen(
        ["unshare", "--net", "--", "sh", "-c", "echo made && exec cat"],
        stdin=subprocess.PIPE,  # it reads this until nobody is left to write, however we end
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_variables(),
        start_new_session=True,
    )
    with holder:
        try:
            _wait_for(holder)
            yield holder.pid
        finally:
            holder.kill()


def _wait_for(holder: subprocess.Popen[bytes]) -> None:
    assert holder.stdout is not None
    assert holder.stderr is not None
    with selectors.DefaultSelector() as selector:
        selector.register(holder.stdout, selectors.EVENT_READ)
        if not selector.select(_PATIENCE):
            raise _failed(["unshare", "--net"], f"no answer within {_PATIENCE:g} s")
    if not holder.stdout.readline():
        raise _failed(["unshare", "--net"], holder.stderr.read().decode(errors="replace"))


def _cable(owner: int) -> tuple[str, int]:
    """Lay a cable into the namespace of `owner`; return our end's name and its number.

    The kernel gives a name once, so that two who lay cables at the same time do not meet.
    """
    for place in range(_PLACES):
        name = f"nodelink{place}"
        words = ["ip", "link", "add", name, "type", "veth", "peer", "name", "eth0",
                 "netns", str(owner)]  # fmt: skip
        said = _said(words)
        if said is None:
            return name, place
        if "File exists" not in said:
            raise _failed(words, said)
    raise HarnessError(f"all {_PLACES} names of links are taken", "end other measurements")


def _connected(link: Link, owner: int, name: str, place: int) -> Node:
    """Give both ends their addresses and their bandwidth, and switch them on."""
    host, node = _FIRST + 4 * place + 1, _FIRST + 4 * place + 2
    enter = ("nsenter", f"--net=/proc/{owner}/ns/net", "--")
    for inside, end, address in (((), name, host), (enter, "eth0", node)):
        _run(*inside, "ip", "address", "add", f"{address}/30", "dev", end)
        _run(*inside, "tc", "qdisc", "add", "dev", end, "root", *_discipline(link))
        _run(*inside, "ip", "link", "set", end, "up")
    _run(*enter, "ip", "link", "set", "lo", "up")
    return Node(str(node), enter)


def _discipline(link: Link) -> list[str]:
    """What the kernel is to do with the packets that leave by one end, in the words of `tc`."""
    rate = f"{max(1, round(link.bandwidth_mbit * _BIT))}bit"
    if link.latency_ms:
        delay = f"{max(1, round(link.latency_ms * 1000))}us"
        return ["netem", "delay", delay, "rate", rate, "limit", "10000"]
    return ["tbf", "rate", rate, "burst", str(burst(link.bandwidth_mbit)), "limit", str(_QUEUE)]


def _run(*words: str) -> None:
    said = _said(words)
    if said is not None:
        raise _failed(words, said)


def _run_quietly(*words: str) -> None:
    """Run a command whose failure says only that there is nothing left to do."""
    _said(words)


def _said(words: Sequence[str]) -> str | None:
    """Run a command; return what it complained of when it failed."""
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=_variables(),
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {_PATIENCE:g} s"
    if done.returncode == 0:
        return None
    said = done.stderr.decode(errors="replace").strip()
    return said or f"it ended with status {done.returncode}"


def _variables() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C"}  # so that "File exists" is told in these words


def _failed(words: Sequence[str], said: str) -> HarnessError:
    lines = "; ".join(line.strip() for line in said.splitlines() if line.strip())
    return HarnessError(f"`{' '.join(words)}` failed: {lines or 'without a word'}", _ADVICE)
