"""Striking a process of a project at a chosen event, and what must hold afterwards."""

import ctypes
import hashlib
import json
import os
import select
import shutil
import subprocess
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from toy_project import Toy

SITE = Path(__file__).with_name("strike_site.py")
PATIENCE = 120.0
_PR_SET_CHILD_SUBREAPER = 36  # of prctl(2)
# What no command of the harness changes: shared by all copies.
_SHARED = ("harness", "reproductions", "specs", "environments", ".git")
_PRIVATE = (".git", ".harness", ".dvc", "__pycache__", "home", "sitecustomize.py")


@dataclass(frozen=True)
class Ended:
    """How a command ended: its status, what it said, and the statuses of orphans it left."""

    status: int
    said: str
    orphans: dict = field(default_factory=dict)


def copy(toy, place):
    """Return a copy of a project that is cheap to make: what nobody changes is linked."""
    place.mkdir(parents=True)
    for entry in toy.root.iterdir():
        linked = entry.name in _SHARED
        if entry.is_dir():
            how = os.link if linked else shutil.copy2
            shutil.copytree(entry, place / entry.name, symlinks=True, copy_function=how)
        else:
            shutil.copy2(entry, place / entry.name)
    (place.parent / "home").mkdir(exist_ok=True)
    return Toy(place)


def arm(toy, order=None):
    """Have the project's processes look for an order, and give it."""
    if not (toy.root / "sitecustomize.py").exists():
        shutil.copy(SITE, toy.root / "sitecustomize.py")
    if order is not None:
        (toy.root / ".harness/strike.json").write_text(json.dumps(order))


def disarm(toy):
    """Take the order back; return whether nobody had taken it."""
    left = toy.root / ".harness/strike.json"
    missed = left.exists()
    left.unlink(missing_ok=True)
    return missed


def counts(toy, victims):
    """Return what each of the named processes counted."""
    return {
        victim: json.loads((toy.root / f".harness/strike.json.{victim}").read_text())
        for victim in victims
    }


def run(toy, words):
    """Run a command to its end and to the end of every process that it leaves behind."""
    with _reaper() as others:
        process = subprocess.Popen(
            words, cwd=toy.root, env=toy.variables(), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        said = process.stderr.read().decode()  # until the last process has closed it
        status = process.wait()
        return Ended(status, said, _orphans(others))


@contextmanager
def paused(toy, words, victim, kind="effect", at=1):
    """Run a command that waits where its `victim` comes to an event; give it, then let it go on.

    The command has ended when the block has.
    """
    for name in ("arrived", "go"):
        os.mkfifo(toy.root / ".harness" / name)
    arm(toy, {"victims": {"": victim}, "kind": kind, "at": at, "signal": 0})
    arrived = os.open(toy.root / ".harness/arrived", os.O_RDONLY | os.O_NONBLOCK)
    process = subprocess.Popen(
        words, cwd=toy.root, env=toy.variables(), text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    handle = os.pidfd_open(process.pid)
    try:
        ready = select.select([arrived, handle], [], [], PATIENCE)[0]
        assert arrived in ready, f"it never came there: {process.stderr.read()}"
        yield process
    finally:
        with suppress(OSError):  # nobody waits there any more
            go = os.open(toy.root / ".harness/go", os.O_WRONLY | os.O_NONBLOCK)
            os.write(go, b"go")
            os.close(go)
        process.said = process.stderr.read()
        process.wait()
        os.close(handle)
        os.close(arrived)
        for name in ("arrived", "go"):
            (toy.root / ".harness" / name).unlink()


@contextmanager
def _reaper():
    """Be the parent of every orphan, so that each can be waited for; give the children before."""
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)
    try:
        yield set(_children())
    finally:
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 0)


def _orphans(others):
    """Wait for every orphan that has become ours; return its status by its command line.

    The children `others` are of other tests.
    """
    found = {}
    while children := set(_children()) - others:
        for pid in children:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            handle = os.pidfd_open(pid)
            ended = select.select([handle], [], [], PATIENCE)[0]
            os.close(handle)
            line = b" ".join(words).decode(errors="replace")
            assert ended, f"a process is left over: {line}"
            found[f"{pid} {line}"] = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return found


def _children():
    pids = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):
            pids += [int(pid) for pid in (task / "children").read_text().split()]
    return pids


def processes(toy):
    """Return a handle of every process that is at work in the project, by its command line."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if Path(os.readlink(place / "cwd")) == toy.root:
                line = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found[f"{place.name} {line}"] = os.pidfd_open(int(place.name))
    return found


def outlive(found):
    """Wait for the end of processes; return those that do not end."""
    left = []
    for line, handle in found.items():
        if not select.select([handle], [], [], PATIENCE)[0]:
            left.append(line)
        os.close(handle)
    return left


def digests(toy):
    """Return the digest of every file of the project that a user sees, and of every folder."""
    found = {}
    for folder, folders, names in os.walk(toy.root):
        folders[:] = sorted(name for name in folders if name not in _PRIVATE)
        for name in names:
            path = Path(folder) / name
            if name not in _PRIVATE:
                where = path.relative_to(toy.root).as_posix()
                found[where] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def temporary(toy):
    """Return the unfinished files that lie in the harness's own folder."""
    return sorted(path.name for path in (toy.root / ".harness/drafts").glob(".*"))
