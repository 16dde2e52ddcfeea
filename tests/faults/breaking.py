"""Breaks a command at each of its write operations and looks at what is left of the project."""

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import ledger

DRIVER = Path(__file__).with_name("saboteur.py")
# What no reader takes for a result: each run makes it anew, or only adds to it.
_ASIDE = (
    ".git/", "harness/", "reproductions/", ".harness/before/", ".harness/failures/",
    ".harness/logs/", ".harness/queue", ".harness/scratch/", ".harness/epochs.log", ".dvc/tmp/",
    ".dvc/cache/", ".harness/environments/.lock", ".harness/step/refused.txt",
    ".harness/project.lock", ".harness/locks/",
)  # fmt: skip
WORDS = {
    "ENOSPC": "No space left on device",
    "EDQUOT": "Disk quota exceeded",
    "EIO": "Input/output error",
    "EROFS": "Read-only file system",
    "EMFILE": "Too many open files",
    "EACCES": "Permission denied",
}
# No command changes these.
_CODE = {".git", "harness", "reproductions", "specs"}
_LASTING = ("ENOSPC", "EDQUOT")


def state(root):
    """Return the digest of every file of the project that a run could harm, by its path."""
    found = {}
    for folder, folders, names in os.walk(root):
        inside = os.path.relpath(folder, root)
        folders[:] = [
            name for name in folders
            if not f"{os.path.normpath(os.path.join(inside, name))}/".startswith(_ASIDE)
            and name != "__pycache__"
        ]  # fmt: skip
        for name in names:
            path = os.path.normpath(os.path.join(inside, name))
            if not path.startswith(_ASIDE):
                found[path] = hashlib.sha256(Path(root, path).read_bytes()).hexdigest()
    return found


@dataclass(frozen=True)
class Command:
    """A command of the harness: the function that is called, and its words."""

    name: str
    main: str
    words: tuple[str, ...]
    aside: tuple[str, ...] = ()
    """Beginnings of paths whose bytes are others in every run, such as a record's."""
    ends: tuple[int, ...] = (0,)
    """The statuses of a whole run: a measurement may also disagree with an older one."""


@dataclass
class Breaker:
    """A project whose commands are broken, and its state before."""

    root: Path
    variables: dict
    preload: tuple[str, ...]
    store: Path = field(init=False)
    driver: subprocess.Popen = field(init=False)

    def __post_init__(self):
        """Start the process that runs the commands, and keep the state before."""
        self.store = self.root.parent / "kept"
        shutil.copytree(self.root, self.store, symlinks=True)
        self.driver = subprocess.Popen(
            [sys.executable, str(DRIVER), json.dumps(self.preload)], cwd=self.root, text=True,
            env=self.variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def close(self):
        """End the process."""
        self.driver.stdin.close()
        self.driver.wait()

    def restore(self):
        """Bring the state before back."""
        kept = {*os.listdir(self.store), *os.listdir(self.root)} - _CODE
        for room in kept:
            one, other = self.store / room, self.root / room
            if os.path.lexists(other) and (not one.exists() or one.is_dir() != other.is_dir()):
                _remove(other)
            if one.exists() and not other.exists():
                _copy(one, other)
            elif one.is_dir():
                _mirror(one, other)
            elif one.exists():
                _mirror_file(one, other)

    def call(self, command, at=0, code="EIO", lasting=False, variables=()):
        """Run the command, broken at its write operation `at`; 0 breaks nothing."""
        request = {"main": command.main, "words": list(command.words), "at": at,
                   "code": code, "lasting": lasting, "variables": dict(variables)}  # fmt: skip
        self.driver.stdin.write(json.dumps(request) + "\n")
        self.driver.stdin.flush()
        done = json.loads(self.driver.stdout.readline())
        # A worker leaves its reason here, for the launcher to tell.
        refusal = self.root / ".harness/step/refused.txt"
        if refusal.exists():
            done["said"] += refusal.read_text()
            refusal.unlink()
        return done

    def look(self, command):
        """Return the state without what the command makes anew each time."""
        return {
            path: digest for path, digest in state(self.root).items()
            if not path.startswith(command.aside or ("\0",))
        }  # fmt: skip


def _copy(source, place):
    if source.is_dir() and not source.is_symlink():
        shutil.copytree(source, place, symlinks=True)
    else:
        shutil.copy2(source, place, follow_symlinks=False)


def _mirror_file(kept, place):
    if place.read_bytes() != kept.read_bytes():
        shutil.copy2(kept, place)


def _mirror(kept, place):
    if place.is_symlink():
        return
    for name in {*os.listdir(kept), *os.listdir(place)}:
        one, other = kept / name, place / name
        if os.path.lexists(other) and (not os.path.lexists(one) or one.is_dir() != other.is_dir()):
            _remove(other)
        if not os.path.lexists(one):
            continue
        if not os.path.lexists(other):
            _copy(one, other)
        elif one.is_dir():
            _mirror(one, other)
        else:
            _mirror_file(one, other)


def _remove(place):
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink()


def choose(sites, costly):
    """Return numbers of write operations: the first at each place of the code, and a sample.

    Of a costly command each operation of a shared writer is chosen once, and one operation for
    each place that calls it.
    """
    known, chosen = set(), []
    for number, (operation, *frames) in enumerate(sites, start=1):
        places = {(operation, *frames)}
        if costly:
            callers = [frame for frame in frames if not frame.startswith("formats/")]
            places = {(operation, *frames[:1]), tuple(callers[:1])}
        if not places <= known:
            chosen.append(number)
        known |= places
    rest = sorted(set(range(1, len(sites) + 1)) - set(chosen))
    sample = random.Random(3).sample(rest, min(1 if costly else 4, len(rest)))  # noqa: S311
    return sorted([*chosen, *sample])


def faults_at(operation, number):
    """Return the faults that can strike an operation."""
    found = ["ENOSPC", "EDQUOT", "EIO"] if operation != "chmod" else ["EIO"]
    if operation in ("unlink", "remove", "rmdir", "utime"):
        found = ["EIO"]
    found += ["EROFS"] if operation not in ("write", "fsync") else []
    found += ["EMFILE", "EACCES"] if operation == "open" else []
    return found


def break_everywhere(breaker, command, per_site=6, *, costly=False):
    """Break the command at its write operations and judge what each fault left.

    Returns the number of operations of an unbroken run and of faults that were tried.
    """
    old = breaker.look(command)
    unbroken = breaker.call(command)
    assert unbroken["status"] in command.ends, unbroken["said"]
    new = breaker.look(command)
    sites = unbroken["sites"]
    ended, tried = {}, 0
    for turn, number in enumerate(choose(sites, costly)):
        codes = faults_at(sites[number - 1][0], number)
        for code in [codes[(turn + k) % len(codes)] for k in range(min(per_site, len(codes)))]:
            breaker.restore()
            done = breaker.call(command, number, code, code in _LASTING)
            left = breaker.look(command)
            outcome = judge(done, code, (old, new, left), breaker.root, command, sites[number - 1])
            tried += 1
            key = json.dumps(left, sort_keys=True)
            if key not in ended:
                again = breaker.call(command)
                assert again["status"] in command.ends, (sites[number - 1], code, again["said"])
                ended[key] = breaker.look(command)
                assert ended[key] == new, (sites[number - 1], code, _difference(new, ended[key]))
            ledger.enter(ledger.Line("write", WORDS[code], command.name, 1, outcome))
    breaker.restore()
    return len(sites), tried


def judge(done, code, states, root, command, site):
    """Return what a fault came to, having found it right."""
    old, new, left = states
    torn = [path for path in {*old, *new, *left} if left.get(path) not in
            (old.get(path), new.get(path))]  # fmt: skip
    assert not torn, (site, code, torn, done["said"])
    assert "Traceback" not in done["said"], (site, code, done["said"])
    if done["status"] in command.ends and WORDS[code] not in done["said"]:
        # Only cleaning up was broken, or another way was taken.
        assert left == new, (site, code, done["said"])
        return "new state, status 0"
    assert done["status"] == 1, (site, code, done)
    assert WORDS[code] in done["said"], (site, code, done["said"])
    if not site[1].startswith("stage/worker.py"):  # there it is the step itself that writes
        names = {part for path in {*old, *new} for part in Path(path).parts}
        assert str(root) in done["said"] or any(name in done["said"] for name in names), (
            site,
            done,
        )
    word = "old" if left == old else "new" if left == new else "each file old or new,"
    return f"refused: names the file and the fault; {word} state"


def _difference(one, other):
    return {path: (one.get(path), other.get(path)) for path in {*one, *other}
            if one.get(path) != other.get(path)}  # fmt: skip
