"""Programs that serve are started together, watched, and ended with all that came of them."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.devices.keeper import descendants
from harness.devices.servers import Program, running
from harness.errors import HarnessError
from harness.stage.children import alive

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MEGABYTE = 2**20
STARTER = """\
import sys
from pathlib import Path
from harness.devices.servers import Program, running
programs = [Program(str(n), (sys.executable, sys.argv[1], "forks", "{address}", "{port}",
                             f"{sys.argv[2]}/{n}.pids")) for n in range(2)]
with running(programs, Path(sys.argv[2])) as servers:
    print(*(server.pid for server in servers), flush=True)
    sys.stdin.read()
"""


def program(kind, *more, name="node", **given):
    """Describe a program of `serving.py`."""
    words = (sys.executable, str(HERE / "serving.py"), kind, "{address}", "{port}", *more)
    return Program(name, words, **given)


def eventually(holds, seconds=60):
    """Wait until `holds()` is true, for some seconds at most."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def pids(place):
    """Return the numbers that a program that forked has noted."""
    return [int(word) for word in place.read_text().split()]


def say(server):
    """Send a byte to a server, which ends it."""
    with socket.create_connection((server.address, server.port), 5) as connection:
        connection.sendall(b"x")
        connection.recv(1)


def refused(programs, folder, patience_s=20.0):
    """Return what is said of programs that cannot be started."""
    with pytest.raises(HarnessError) as caught, running(programs, folder, patience_s):
        pass
    return caught.value.message


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_every_server_listens_on_a_port_of_its_own(tmp_path, address):
    """All have started when the block begins, each on another port, and none lives after it."""
    programs = [program("serves", name=f"n{k}", address=address) for k in range(3)]

    with running(programs, tmp_path) as servers:
        assert [server.name for server in servers] == ["n0", "n1", "n2"]
        assert len({server.port for server in servers}) == 3
        for server in servers:
            socket.create_connection((address, server.port), 5).close()
            assert server.died() is None
            assert alive(server.pid)

    assert not any(alive(server.pid) for server in servers)


def test_server_that_dies_at_once_is_told_with_its_last_words(tmp_path):
    """The message names the program, its status and what it printed; the others end too."""
    forks = program("forks", str(tmp_path / "pids"), name="other")

    said = refused([forks, program("dies")], tmp_path)

    assert said.startswith("'node' ended with status 3; it said:")
    assert said.endswith("\n  the last words")
    place = tmp_path / "pids"
    assert not place.exists() or not any(map(alive, pids(place)))


def test_server_that_never_listens_is_told_in_time(tmp_path):
    """Patience ends: every program that does not listen is named, with address and log."""
    silent = [program("silent", name=name) for name in ("one", "two")]
    begun = time.monotonic()

    said = refused([*silent, program("serves")], tmp_path, patience_s=4)

    assert time.monotonic() - begun < 15
    assert said.count("does not listen on 127.0.0.1, port") == 2
    assert "'one' does" in said
    assert "'two' does" in said
    assert "after 4 seconds; it said:\n  I listen nowhere" in said


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"command": ("./no-such-program", "{port}")}, "cannot run ./no-such-program: No such"),
        ({"core": 4095}, "cannot stay on core 4095: Invalid argument"),
        ({"prefix": ("no-such-prefix",)}, "cannot run no-such-prefix: No such"),
    ],
)
def test_program_that_cannot_run_is_told(tmp_path, given, words):
    """What the system refused is in the message."""
    made = {"command": program("serves").command, **given}

    said = refused([Program("node", **made)], tmp_path)

    assert words in said
    assert said.startswith("'node' ended with status 127")


def test_server_that_dies_later_is_noticed(tmp_path):
    """Whoever asks learns how it ended and what it said, and the other still runs."""
    programs = [program("serves", name="dying"), program("serves", name="living")]
    with running(programs, tmp_path) as (dying, living):
        say(dying)
        eventually(lambda: dying.died() is not None)

        assert dying.died() == "'dying' ended with status 7; it said:\n  a byte has come"
        assert living.died() is None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_signal_that_ended_a_server_is_named(tmp_path, number):
    """A program that the kernel or a person killed is not said to have ended by itself."""
    with running([program("serves")], tmp_path) as (server,):
        os.kill(server.pid, number)
        eventually(lambda: server.died() is not None)

        assert server.died() == f"'node' was ended by {number.name}"


def test_everything_that_a_server_started_ends_with_it(tmp_path):
    """A child, a daemon and one that hears no signal are gone when the block is left."""
    place = tmp_path / "pids"
    with running([program("forks", str(place))], tmp_path) as (server,):
        everyone = pids(place)
        assert len(everyone) == 4
        assert all(map(alive, everyone))
        assert server.pid in everyone

    assert not any(map(alive, everyone))


def test_daemons_end_when_their_server_dies(tmp_path):
    """What a dead server left behind does not stay for the end of the block."""
    place = tmp_path / "pids"
    with running([program("forks", str(place))], tmp_path) as (server,):
        os.kill(server.pid, signal.SIGKILL)
        eventually(lambda: server.died() is not None)

        assert not any(map(alive, pids(place)))


def test_server_that_ignores_sigterm_ends(tmp_path):
    """A deaf program is killed, after a short grace."""
    begun = time.monotonic()
    with running([program("deaf")], tmp_path) as (server,):
        pass

    assert not alive(server.pid)
    assert time.monotonic() - begun < 15


def test_nothing_stays_when_the_starter_is_killed(tmp_path):
    """SIGKILL of the process that started two servers ends them, their children and daemons."""
    words = [sys.executable, "-c", STARTER, str(HERE / "serving.py"), str(tmp_path)]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as starter:
        assert starter.stdout is not None
        servers = [int(word) for word in starter.stdout.readline().split()]
        everyone = [pid for n in range(2) for pid in pids(tmp_path / f"{n}.pids")]
        assert set(servers) <= set(everyone)
        assert len(everyone) == 8
        assert all(map(alive, everyone))

        starter.kill()

    eventually(lambda: not any(map(alive, everyone)))


def test_session_of_a_killed_keeper_ends(tmp_path):
    """A keeper that was itself killed takes its program along, and the end of the block the rest.

    Only what left the session is then out of reach.
    """
    place = tmp_path / "pids"
    everyone = []
    try:
        with running([program("forks", str(place))], tmp_path) as (server,):
            everyone = pids(place)
            own = [pid for pid in everyone if os.getsid(pid) == server.pid]
            os.kill(_parent(server.pid), signal.SIGKILL)
            eventually(lambda: server.died() is not None)
            assert server.died() == "'node' was ended by SIGKILL"
            eventually(lambda: not alive(server.pid))

        assert len(own) == 2
        eventually(lambda: not any(map(alive, own)))
    finally:
        for pid in filter(alive, everyone):
            os.kill(pid, signal.SIGKILL)


def test_memory_is_the_peak_and_that_of_the_largest_process(tmp_path):
    """Memory that was given back counts, and so does a child's."""
    size = 64 * MEGABYTE
    flag = tmp_path / "large"
    programs = [
        program("serves", name="small"),
        program("large", str(size), name="large"),
        program("large child", str(size), str(flag), name="parent"),
    ]
    with running(programs, tmp_path) as servers:
        small, large, parent = (server.memory() for server in servers)

    assert 2 * MEGABYTE < small < size
    assert size < large < 2 * size
    assert size < parent < 2 * size


def test_memory_of_a_dead_server_is_refused(tmp_path):
    """No number stands for a program that has ended; the message says how it did."""
    with running([program("serves")], tmp_path) as (server,):
        say(server)
        eventually(lambda: server.died() is not None)

        with pytest.raises(HarnessError, match="'node' ended with status 7"):
            server.memory()


def test_log_of_an_earlier_run_is_kept_and_not_quoted(tmp_path):
    """A second program of one name adds to the log, and its message has its own words alone."""
    (tmp_path / "node.log").write_text("words of yesterday\n")

    said = refused([program("dies")], tmp_path)

    assert "yesterday" not in said
    assert (tmp_path / "node.log").read_text().startswith("words of yesterday\nthe first line\n")


def test_server_runs_on_its_core_with_its_variables(tmp_path):
    """The program is on the core that was asked for, and has the variables that were added."""
    core = max(os.sched_getaffinity(0))
    asked = program("serves", core=core, prefix=("env",), variables={"HARNESS_PROBE": "here"})
    with running([asked], tmp_path) as (server,):
        assert os.sched_getaffinity(server.pid) == {core}
        variables = Path(f"/proc/{server.pid}/environ").read_bytes().split(b"\0")

    assert b"HARNESS_PROBE=here" in variables


def test_error_inside_the_block_ends_the_servers(tmp_path):
    """An exception passes, and nothing keeps running."""
    with pytest.raises(ZeroDivisionError), running([program("serves")], tmp_path) as (server,):
        raise ZeroDivisionError

    assert not alive(server.pid)


def test_descendants_are_found_to_the_last(tmp_path):
    """Children of children count, those of others do not, and a name may hold anything."""
    parents = {2: 1, 3: 2, 4: 3, 5: 1, 6: 4}
    for pid, parent in parents.items():
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "stat").write_text(f"{pid} (a) S 9 (b) S {parent} 0 0\n")
    (tmp_path / "7").mkdir()  # it has ended meanwhile

    assert descendants(2, tmp_path) == [3, 4, 6]


def _parent(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
