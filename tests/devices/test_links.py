"""Links of a given bandwidth: real ones where the system permits them, refusals everywhere."""

import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from harness.devices import links
from harness.errors import HarnessError
from harness.spec.device import Link

ROOT = Path(__file__).parents[2]
MBIT = 8
BYTES = 200_000
PATIENCE = 60

real = pytest.mark.skipif(links.refusal() is not None, reason=f"no links here: {links.refusal()}")

SERVER = f"""
import socket, time
with socket.socket() as listening:
    listening.bind(("", 0))
    listening.listen()
    print(listening.getsockname()[1], flush=True)
    connection, _ = listening.accept()
    with connection:
        left = {BYTES}
        while left:
            left -= len(connection.recv(left))
        heard = time.monotonic()
        connection.sendall(bytes({BYTES}))
        print(connection.getpeername()[0], heard, flush=True)
"""
"""What runs in a node: it hears so many bytes, then says as many, then tells who called, and when.

All processes of a machine have one monotonic clock.
"""

MAKER = """
import sys
from harness.devices import links
from harness.spec.device import Link
with links.shaped(Link(latency_ms=0, bandwidth_mbit=8), 2) as nodes:
    addresses = ",".join(node.address for node in nodes)
    owners = ",".join(node.enter[1].split("/")[2] for node in nodes)
    print(addresses, owners, flush=True)
    sys.stdin.read()
"""


def link(latency_ms=0.0):
    """Return a link of eight million bits a second."""
    return Link(latency_ms=latency_ms, bandwidth_mbit=MBIT)


def host(address):
    """Return the address of the host's end of the link to a node: the one before the node's."""
    return str(IPv4Address(address) - 1)


def at(address):
    """Return the numbers of the interfaces with an address; the kernel gives none twice."""
    words = ["ip", "-oneline", "-4", "address", "show", "to", f"{address}/32"]
    shown = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return {int(line.partition(":")[0]) for line in shown.splitlines()}


def present():
    """Return the numbers of all interfaces of this network namespace."""
    return {number for number, _ in socket.if_nameindex()}


def owner(node):
    """Return the number of the process that a node's namespace belongs to."""
    return int(node.enter[1].split("/")[2])


def runs(pid):
    """Say whether a process of this number runs, or is still to be buried."""
    return Path(f"/proc/{pid}").exists()


@real
def test_a_transfer_takes_its_time_both_ways():
    """Either way a transfer takes at least nine tenths of its bits over the bandwidth."""
    least = 0.9 * BYTES * 8 / (MBIT * 1e6)
    with links.shaped(link(), 1) as (node,):
        command = [*node.enter, sys.executable, "-c", SERVER]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            port = int(server.stdout.readline())
            with socket.create_connection((node.address, port), PATIENCE) as connection:
                asked = time.monotonic()
                connection.sendall(bytes(BYTES))
                left = BYTES
                while left:
                    left -= len(connection.recv(left))
                answered = time.monotonic()
            caller, heard = server.stdout.readline().split()

    assert float(heard) - asked >= least
    assert answered - float(heard) >= least
    assert caller == host(node.address)


@real
def test_a_node_is_alone_with_its_link():
    """A node sees itself and its link, and neither the host's other networks nor another node."""
    shown = "import socket; print(*(name for _, name in socket.if_nameindex()))"
    refused = (
        "import socket, sys\n"
        "try: socket.create_connection((sys.argv[1], 1), 5)\n"
        "except OSError as error: print(error.strerror)"
    )
    with links.shaped(link(), 2) as (one, other):
        ask = [*one.enter, sys.executable, "-c"]
        seen = subprocess.run([*ask, shown], capture_output=True, text=True, check=True)
        other_node = subprocess.run(
            [*ask, refused, other.address], capture_output=True, text=True, check=True
        )

    assert seen.stdout.split() == ["lo", "eth0"]
    assert other_node.stdout.strip() == "Network is unreachable"
    assert one.address != other.address


@real
def test_nothing_stays_at_the_end():
    """After the body no interface and no process of the links stays."""
    with links.shaped(link(), 2) as nodes:
        ends = [at(host(node.address)) for node in nodes]
        assert [len(end) for end in ends] == [1, 1]

    assert not present() & set.union(*ends)
    assert not [node for node in nodes if runs(owner(node))]


@real
def test_nothing_stays_after_an_error():
    """An error of the body goes through, and takes the links with it."""
    made = []

    def body():
        with links.shaped(link(), 1) as nodes:
            made.extend((owner(node), *at(host(node.address))) for node in nodes)
            raise KeyError("the body's own")

    with pytest.raises(KeyError, match="the body's own"):
        body()

    ((pid, end),) = made
    assert not runs(pid)
    assert end not in present()


@real
def test_links_that_exist_at_the_same_time_are_distinct():
    """Whoever makes links while others exist gets other addresses, and takes away only his own."""
    with links.shaped(link(), 1) as (first,):
        (end,) = at(host(first.address))
        with links.shaped(link(), 1) as (second,):
            nodes = {first.address, second.address}
            assert len(nodes | set(map(host, nodes))) == 4
        assert at(host(first.address)) == {end}


@real
def test_nothing_stays_when_the_maker_is_killed():
    """The kernel takes links and namespaces away when their maker dies by SIGKILL."""
    command = [sys.executable, "-c", MAKER]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT) as maker:
        addresses, owners = (line.split(",") for line in maker.stdout.readline().split())
        ends = set.union(*(at(host(address)) for address in addresses))
        maker.send_signal(signal.SIGKILL)
    pids = [int(pid) for pid in owners]

    deadline = time.monotonic() + PATIENCE
    while (ends & present() or any(map(runs, pids))) and time.monotonic() < deadline:
        select.select([], [], [], 0.02)
    assert len(ends) == len(pids) == 2
    assert not ends & present()
    assert not [pid for pid in pids if runs(pid)]


@real
def test_a_latency_is_made_or_refused():
    """A link with a latency exists where the kernel has netem; else the refusal names the words."""
    said = links.latency_possible()
    if said is None:
        with links.shaped(link(latency_ms=20), 1) as (node,):
            asked = time.monotonic()
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((node.address, 9), PATIENCE)
            assert time.monotonic() - asked >= 0.9 * 2 * 20e-3
    else:
        assert re.fullmatch(r"`tc qdisc add dev nodelink[0-9]+ root netem .*` failed: .+", said)
        with pytest.raises(HarnessError, match="netem"), links.shaped(link(latency_ms=20), 1):
            pass
    assert links.refusal() is None


@pytest.mark.parametrize(
    ("bandwidth_mbit", "passes"), [(1, 1600), (10, 1600), (64, 1600), (100, 2500), (1000, 25_000)]
)
def test_what_passes_at_once(bandwidth_mbit, passes):
    """A rested link lets pass a packet, or what it carries in a fifth of a millisecond."""
    assert links.burst(bandwidth_mbit) == passes


NETNS = "echo made; exec cat"
GOOD = {"unshare": NETNS, "nsenter": "exit 0", "ip": "exit 0", "tc": "exit 0"}


def asked(folder, tools, question="refusal"):
    """Return what a fresh process says when only `tools` are on its PATH."""
    folder.mkdir()
    for tool, script in tools.items():
        (folder / tool).write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
        (folder / tool).chmod(0o755)
    code = f"from harness.devices import links; print(links.{question}())"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PATH": str(folder)}, cwd=ROOT,
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ip": None}, "there is no program 'ip' (Debian: iproute2)"),
        ({"nsenter": None}, "there is no program 'nsenter' (Debian: util-linux)"),
        (
            {"unshare": "echo 'unshare: unshare failed: Operation not permitted' >&2; exit 1"},
            "`unshare --net` failed: unshare: unshare failed: Operation not permitted",
        ),
        (
            {"ip": "echo 'RTNETLINK answers: Operation not supported' >&2; exit 2"},
            "type veth peer name eth0 netns [0-9]+` failed: RTNETLINK answers: Operation not supp",
        ),
        (
            {"tc": "echo 'Error: Specified qdisc kind is unknown.' >&2; exit 2"},
            "`tc qdisc add dev nodelink0 root tbf rate 1000000000bit .*` failed: Error: Specified",
        ),
        ({"tc": "exit 3"}, "failed: it ended with status 3"),
        ({"nsenter": "echo 'no such process' >&2; exit 1"}, "`nsenter --net=.*no such process"),
        ({}, "None"),
    ],
    ids=["no-ip", "no-nsenter", "no-namespace", "no-veth", "no-tbf", "mute", "not-entered", "all"],
)
def test_each_reason_of_a_refusal(tmp_path, change, said):
    """Whatever is missing, the refusal names the program or the command, and the system's words."""
    tools = {name: script for name, script in {**GOOD, **change}.items() if script is not None}

    answer = asked(tmp_path / "tools", tools)

    assert re.search(re.escape(said) if "(" in said else said, answer), answer


def test_a_latency_is_refused_apart(tmp_path):
    """A kernel without netem makes links, and says why none of them has a latency."""
    tools = GOOD | {"tc": 'case "$*" in *netem*) echo "no netem" >&2; exit 2;; esac'}

    assert asked(tmp_path / "with", tools) == "None"
    assert asked(tmp_path / "without", tools, "latency_possible").endswith("failed: no netem")


def test_a_namespace_that_is_never_made_ends(monkeypatch, tmp_path):
    """A tool that hangs is given up at a deadline and ended, and the message names it."""
    for tool, script in (GOOD | {"unshare": f"echo $$ > {tmp_path}/pid; exec sleep 600"}).items():
        (tmp_path / tool).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / tool).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(links, "_PATIENCE", 5.0)

    with (
        pytest.raises(HarnessError, match=r"`unshare --net` failed: no answer within 5 s"),
        links.shaped(link(), 1),
    ):
        pass

    assert not runs(int((tmp_path / "pid").read_text()))
