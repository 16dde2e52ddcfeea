"""The emulated machine: what it needs, what it says when that is missing, and what it leaves."""

import os
import re
import shutil
from pathlib import Path

import pytest

from harness.devices import debian
from harness.devices.command import output
from harness.devices.emulated import AARCH64, Emulated
from harness.errors import HarnessError

ROOT = Path(__file__).parents[2]
VERSION = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)
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


def test_failure_leaves_nothing(tmp_path, monkeypatch):
    """When Debian's mirror cannot be had, its words are told, and nothing half-made stays.

    What a build that was killed had left is gone too.
    """
    machine = lay_out(tmp_path)
    (machine.folder.parent / f".{machine.folder.name}.unfinished" / "usr").mkdir(parents=True)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("tempfile.tempdir", str(scratch))

    with pytest.raises(HarnessError) as caught:
        machine.prepare()

    assert "`apt-get` failed:\napt-get has no network" in caught.value.message
    assert "Debian's mirror" in caught.value.remedy
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

    program = machine.server("board", core=1)

    assert (program.name, program.core) == ("board", 1)
    assert program.command[:3] == (str(machine.python), "-m", "tvm.exec.rpc_server")
    assert program.command[3:7] == ("--host", "{address}", "--port", "{port}")
    assert program.command[7:] == ("--port-end", "65536")


def test_versions_are_those_of_the_host():
    """Each package of the emulated machine has the version that compiles for it here."""
    ours, theirs = (
        dict(VERSION.findall((ROOT / "environments" / name).read_text()))
        for name in ("tvm-aarch64.txt", "tvm.txt")
    )

    assert {"apache-tvm", "apache-tvm-ffi", "numpy"} <= set(ours)
    assert ours.items() <= theirs.items()
