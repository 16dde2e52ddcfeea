"""The emulated machine: what it needs, what it says when that is missing, and what it leaves."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from yaml import safe_load

from harness.devices import debian
from harness.devices.command import output
from harness.devices.emulated import AARCH64, Emulated
from harness.errors import HarnessError
from harness.spec.device import Address

ROOT = Path(__file__).parents[2]
VERSION = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)
BREAKING_UV = """#!/bin/sh
while [ "$1" != --target ]; do shift; done
mkdir -p "$2/tvm"
echo uv has no network >&2
exit 7
"""
NEEDED = ("qemu-aarch64-static", *debian.PROGRAMS, "uv")


def lay_out(root, programs=NEEDED):
    """Write a project with the lock alone, and a folder with programs that all fail."""
    (root / "environments").mkdir(parents=True)
    shutil.copy(ROOT / AARCH64.lock, root / AARCH64.lock)
    (root / "bin").mkdir()
    for name in programs:
        place = root / "bin" / name
        place.write_text(f"#!/bin/sh\necho {name} has no network >&2\nexit 7\n")
        place.chmod(0o755)
    return Emulated(root)


@pytest.mark.parametrize("program", NEEDED)
def test_missing_program(tmp_path, monkeypatch, program):
    """A program that is missing here is named, with where it comes from."""
    machine = lay_out(tmp_path, [name for name in NEEDED if name != program])
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    with pytest.raises(HarnessError) as caught:
        machine.prepare()

    assert f"an emulated aarch64 cannot be had here: {program} is not installed; " in str(
        caught.value
    )


def test_prepared_machine_needs_the_emulator_alone(tmp_path, monkeypatch):
    """A machine that is prepared can be used where apt and uv are not installed."""
    machine = lay_out(tmp_path, ["qemu-aarch64-static"])
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    machine.python.parent.mkdir(parents=True)
    machine.python.touch()

    machine.prepare()

    assert machine.lacks() is None


def test_no_lock(tmp_path):
    """Without its lock a machine cannot be had, and the error says how to make one."""
    with pytest.raises(HarnessError, match=r"no lock environments/tvm-aarch64\.txt.*\n.*make lock"):
        _ = Emulated(tmp_path).folder


def test_another_lock_is_another_machine(tmp_path):
    """A changed lock leads to another folder, so that no machine has stale packages."""
    machine = lay_out(tmp_path)
    before = machine.folder
    with (tmp_path / AARCH64.lock).open("a") as lock:
        lock.write("# changed\n")

    assert machine.folder.parent == before.parent == tmp_path / ".harness" / "emulated"
    assert machine.folder != before


@pytest.mark.parametrize(
    ("fails", "source"), [("apt-get", "Debian's mirror"), ("uv", "the package index")]
)
def test_failure_leaves_nothing(tmp_path, monkeypatch, fails, source):
    """When packages cannot be had, the words of who failed are told, and nothing half-made stays.

    What a build that was killed had left is gone too.
    """
    machine = lay_out(tmp_path)
    if fails == "uv":
        (tmp_path / "bin" / "apt-get").write_text("#!/bin/sh\n")
        (tmp_path / "bin" / "uv").write_text(BREAKING_UV)
    (machine.folder.parent / f".{machine.folder.name}.killed" / "usr").mkdir(parents=True)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("tempfile.tempdir", str(scratch))

    with pytest.raises(HarnessError) as caught:
        machine.prepare()

    assert f"`{fails}` failed:\n{fails} has no network" in caught.value.message
    assert source in caught.value.remedy
    assert not machine.is_prepared()
    assert [one.name for one in machine.folder.parent.iterdir()] == [".lock"]
    assert list(scratch.iterdir()) == []


@pytest.mark.skipif(shutil.which("apt-get") is None, reason="there is no apt-get here")
def test_packages_that_no_mirror_has(tmp_path, monkeypatch):
    """Apt's own words reach the user, and no folder is made."""
    configuration = tmp_path / "apt.conf"
    configuration.write_text(
        'Dir::Etc::sourcelist "/dev/null";\nDir::Etc::sourceparts "/dev/null";\n'
    )
    monkeypatch.setenv("APT_CONFIG", str(configuration))
    folder = tmp_path / "system"

    with pytest.raises(HarnessError) as caught:
        debian.unpack(["libc6"], "arm64", folder)

    assert re.search("`apt-get` failed:\n.*package '?libc6", caught.value.message, re.IGNORECASE)
    assert not folder.exists()


def test_command_past_its_deadline():
    """A command that takes too long is ended, and said to have taken too long."""
    with pytest.raises(HarnessError, match=r"`sleep` was not done in 0\.1 seconds\n  try later"):
        output(["sleep", "60"], 0.1, "try later")


def test_command_that_is_not_there(tmp_path):
    """A program that is not there is told like one that fails."""
    with pytest.raises(HarnessError, match="`gone` cannot be run: No such file"):
        output([str(tmp_path / "gone")], 1, "install it")


def test_server_is_the_emulated_python(tmp_path):
    """A server is TVM's, run by the emulated Python, which finds a port above TVM's own range."""
    machine = lay_out(tmp_path)

    program = machine.server("board")

    assert program.name == "board"
    assert program.command[:3] == (str(machine.python), "-m", "tvm.exec.rpc_server")
    assert program.command[3:7] == ("--host", "{address}", "--port", "{port}")
    assert program.command[7:] == ("--port-end", "65536")


def command(root, boards):
    """Start the command that serves, in a project whose programs are those of `lay_out`."""
    (root / "specs").mkdir()
    (root / "specs" / "config.yaml").touch()
    path = f"{root / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.Popen(
        [sys.executable, "-m", "harness.devices.emulated", boards],
        cwd=root, env={**os.environ, "PYTHONPATH": str(ROOT), "PATH": path},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_command_serves_until_it_is_interrupted(tmp_path):
    """The command says where each board listens, as a device has it, and ends them at a signal."""
    machine = lay_out(tmp_path)
    machine.python.parent.mkdir(parents=True)
    # In place of TVM's server, one that takes the address and the port from the same words.
    machine.python.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -m http.server --bind "$4" "$6"\n'
    )
    machine.python.chmod(0o755)

    with command(tmp_path, "2") as serving:
        said = "".join(serving.stdout.readline() for _ in range(3))
        servers = [Address.model_validate(one) for one in safe_load(said)["servers"]]
        for one in servers:
            socket.create_connection((one.address, one.port), 10).close()
        serving.send_signal(signal.SIGINT)
        status = serving.wait(60)

    assert len(servers) == 2
    assert status == 130
    for one in servers:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((one.address, one.port), 10)


def test_command_says_why_it_cannot_serve(tmp_path):
    """Where no board can be had, the command says why, with status 1 and without a traceback."""
    lay_out(tmp_path)

    with command(tmp_path, "1") as serving:
        _, said = serving.communicate(timeout=60)

    assert serving.returncode == 1
    assert "harness.devices.emulated: an emulated aarch64 cannot be put together" in said
    assert "Traceback" not in said


def test_versions_are_those_of_the_host():
    """Each package of the emulated machine has the version that compiles for it here."""
    ours, theirs = (
        dict(VERSION.findall((ROOT / "environments" / name).read_text()))
        for name in ("tvm-aarch64.txt", "tvm.txt")
    )

    assert {"apache-tvm", "apache-tvm-ffi", "numpy"} <= set(ours)
    assert ours.items() <= theirs.items()
