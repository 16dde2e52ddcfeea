"""Building environments from locks, with a lock so small that it takes a second."""

import fcntl
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.environment import Environments
from harness.errors import HarnessError
from harness.stage.planned import PlannedEnvironment

ROOT = Path(__file__).parents[2]
TINY = PlannedEnvironment("tiny", "environments/tiny.txt", "3.11", "bytes")
NO_HASH = "sha256:" + 64 * "0"
BUILD = """
from pathlib import Path
from harness.environment import Environments
from harness.stage.planned import PlannedEnvironment
tiny = PlannedEnvironment("tiny", "environments/tiny.txt", "3.11", "bytes")
print(Environments(Path.cwd()).python(tiny))
"""


def locked(package):
    """Return the lines of one package in the lock of the project's own tools."""
    entries = (ROOT / "environments" / "dev.txt").read_text().split("\n")
    start = next(n for n, line in enumerate(entries) if line.startswith(f"{package}=="))
    size = next(n for n, line in enumerate(entries[start:], 1) if not line.endswith("\\"))
    return "\n".join(entries[start : start + size]) + "\n"


def lay_out(root, *, uv=None):
    """Write a project with the lock of one package, and uv or the script `uv` in its place."""
    (root / "environments").mkdir(parents=True)
    (root / TINY.lock).write_text(locked("iniconfig"))
    place = root / ".venv" / "bin" / "uv"
    place.parent.mkdir(parents=True)
    if uv is None:
        place.symlink_to(ROOT / ".venv" / "bin" / "uv")
    else:
        place.write_text(uv)
        place.chmod(0o755)
    return Environments(root)


@pytest.fixture
def environments(tmp_path):
    """Give the environments of a project with one tiny lock."""
    return lay_out(tmp_path)


def build(root):
    """Start a process that asks for the tiny environment."""
    return subprocess.Popen(
        [sys.executable, "-c", BUILD], cwd=root, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def imports(python, module):
    """Return whether the interpreter can import the module."""
    done = subprocess.run([python, "-c", f"import {module}"], capture_output=True, check=False)
    return done.returncode == 0


def test_environment_holds_what_its_lock_names(environments):
    """A built environment imports the locked package and nothing of the project's own tools."""
    python = environments.python(TINY)

    assert environments.is_built(TINY)
    assert imports(python, "iniconfig")
    assert not imports(python, "pytest")


def test_bytecode_is_compiled_once_for_all_stages(environments):
    """The packages come with bytecode, since stages write none."""
    environments.python(TINY)

    assert list(environments.folder(TINY).rglob("iniconfig/__pycache__/*.pyc"))


def test_environment_is_used_again(environments, capsys):
    """A second demand returns the same folder, untouched, and builds nothing."""
    first = environments.python(TINY)
    marker = environments.folder(TINY) / "pyvenv.cfg"
    before = marker.stat()
    capsys.readouterr()

    second = environments.python(TINY)

    after = marker.stat()
    assert first == second
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert capsys.readouterr().err == ""


def test_changed_lock_is_another_environment(environments):
    """A changed lock is built beside the old one, which a return to the old lock finds again."""
    lock = environments.root / TINY.lock
    old_text, old = lock.read_text(), environments.folder(TINY)
    environments.python(TINY)

    lock.write_text(old_text + locked("pluggy"))

    assert not environments.is_built(TINY)
    assert imports(environments.python(TINY), "pluggy")
    lock.write_text(old_text)
    assert environments.folder(TINY) == old
    assert environments.is_built(TINY)


def test_environment_without_interpreter_is_built_again(environments):
    """An environment whose interpreter is gone does not count, and is replaced."""
    python = environments.python(TINY)
    python.unlink()
    assert not environments.is_built(TINY)

    assert imports(environments.python(TINY), "iniconfig")


def test_missing_lock_is_named(environments):
    """Without its lock an environment is refused with the command that makes the lock."""
    (environments.root / TINY.lock).unlink()

    with pytest.raises(HarnessError, match=r"no lock environments/tiny\.txt\n.*make lock"):
        environments.python(TINY)


def test_missing_uv_is_told(tmp_path, monkeypatch):
    """Without uv the message says which command installs it."""
    environments = lay_out(tmp_path)
    (tmp_path / ".venv" / "bin" / "uv").unlink()
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(HarnessError, match=r"uv is not installed\n.*make setup"):
        environments.python(TINY)


@pytest.mark.parametrize("package", ["pywin32==311", "tensorflow==2.5.0"])
def test_missing_wheel_is_a_question_of_the_platform(environments, package):
    """A package without a wheel for this system or Python is named, with what the locks are for."""
    (environments.root / TINY.lock).write_text(f"{package} --hash={NO_HASH}\n")

    with pytest.raises(HarnessError) as caught:
        environments.python(TINY)

    assert "does not exist for this platform" in caught.value.message
    assert package in caught.value.message
    assert "x86-64 Linux" in caught.value.remedy
    assert not environments.is_built(TINY)


@pytest.mark.parametrize(
    ("lock", "said"),
    [
        (f"iniconfig==2.3.1 --hash={NO_HASH}\n", "Hash mismatch"),
        (f"iniconfig==99.0 --hash={NO_HASH}\n", "no version of iniconfig==99.0"),
        ("iniconfig==2.3.1\n", "iniconfig"),
        ("iniconfig ===\n", "Couldn't parse"),
    ],
)
def test_failed_build_leaves_nothing(environments, lock, said):
    """A lock with a wrong hash, version or line is refused with uv's words, and nothing stays."""
    (environments.root / TINY.lock).write_text(lock)

    with pytest.raises(HarnessError) as caught:
        environments.python(TINY)

    assert "cannot be built from environments/tiny.txt" in caught.value.message
    assert said in caught.value.message
    assert [path.name for path in environments.home.iterdir()] == [".lock"]


def test_killed_build_leaves_no_environment(tmp_path):
    """A build that is killed after the install is not taken for an environment but made anew."""
    real = ROOT / ".venv" / "bin" / "uv"
    environments = lay_out(
        tmp_path, uv=f'#!/bin/sh\n"{real}" "$@"\n[ "$2" = venv ] || kill -9 $PPID\n'
    )

    killed = build(tmp_path)
    killed.communicate()

    assert killed.returncode == -9
    assert not environments.is_built(TINY)
    uv = tmp_path / ".venv" / "bin" / "uv"
    uv.unlink()
    uv.symlink_to(real)
    assert imports(environments.python(TINY), "iniconfig")
    assert sorted(path.name for path in environments.home.iterdir()) == [
        ".lock",
        environments.folder(TINY).name,
    ]


def test_uv_of_a_killed_build_keeps_the_lock(tmp_path):
    """Nobody can build before the uv that a killed build left behind has ended."""
    fifo, ended = tmp_path / "go-on", tmp_path / "ended"
    environments = lay_out(
        tmp_path, uv=f'#!/bin/sh\nkill -9 $PPID\nread _ < "{fifo}"\n: > "{ended}"\n'
    )
    os.mkfifo(fifo)
    build(tmp_path).communicate()

    with (environments.home / ".lock").open("w") as lock:
        with pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fifo.write_text("go on\n")
        fcntl.flock(lock, fcntl.LOCK_EX)

        assert ended.exists()


def test_two_processes_build_once(tmp_path):
    """Of two processes that need the environment at once one builds it, and both use it."""
    environments = lay_out(tmp_path)

    both = [build(tmp_path), build(tmp_path)]
    said = [process.communicate() for process in both]

    assert [process.returncode for process in both] == [0, 0]
    assert {out for out, _ in said} == {f"{environments.folder(TINY) / 'bin' / 'python'}\n"}
    assert "".join(err for _, err in said).count("building the environment 'tiny'") == 1


def test_environment_that_does_not_import_is_refused_and_removed(environments):
    """An environment whose modules do not import is told by the module, and is not kept."""
    broken = replace(TINY, imports=("no_such_module",))

    with pytest.raises(HarnessError, match="No module named 'no_such_module'"):
        environments.python(broken)

    assert not environments.is_built(broken)
