"""SIGKILL, SIGTERM and SIGINT at any point of any command: the old state or the new one.

The points are drawn among the events of an unbroken run (files opened for writing, renamed or
removed, folders made, locks, processes started, modules imported), by a generator with a fixed
seed: a process counts its own events and strikes itself. `FAULT_POINTS` in the environment says
how many points there are, and to try every signal everywhere; a normal run takes a share.
"""

import json
import os
import random
import re
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import ledger
import pytest
import strike

from harness.devices.record import read
from harness.errors import HarnessError
from harness.stage.lock import read_lock

POINTS = int(os.environ.get("FAULT_POINTS", "18"))
ALL = "FAULT_POINTS" in os.environ
SAMPLED = 10  # of all points one in so many is followed by a whole reproduction
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
DVC = str(Path(sys.executable).parent / "dvc")
REPORT = [f"results/smoke/{name}" for name in ("REPORT.md", "verdicts.json", "coverage.json")]
TABLE = "results/smoke/toy/totals.csv"


@dataclass(frozen=True)
class Case:
    """A command under test.

    Parameters
    ----------
    words
        Its words after the interpreter.
    prepare
        Changes that give it something to do, as (file, old, new); without `old` the file is
        removed, without a file nothing changes.
    victims
        The processes that are struck, by the words of their command lines.
    share
        Its share of all points.
    """

    words: tuple
    prepare: tuple
    victims: dict
    share: float


CASES = {
    "compile": Case(
        ("-m", "harness", "compile"),
        (("specs/papers/toy.yaml", "epochs: 4", "epochs: 3"),),
        {"harness": ["harness", "compile"]},
        0.23,
    ),
    "stage": Case(
        ("-m", "harness.stage", "toy", "numbers"),
        (("plan/toy/numbers.json", '"epochs": 4', '"epochs": 3'),),
        {"launcher": ["harness.stage", "toy"], "worker": ["harness.stage.worker", "0"]},
        0.25,
    ),
    "repro": Case(
        ("-m", "harness", "repro"),
        ((TABLE, None, None),),
        {
            "harness": ["harness", "repro"],
            "dvc": ["harness.quick_dvc", "repro"],
            "launcher": ["harness.stage", "table-totals"],
            "worker": ["harness.stage.worker", "plan/toy/table-totals.json"],
        },
        0.12,
    ),
    "measure": Case(
        ("-m", "harness", "measure", "toy/speed"),
        (),
        {"harness": ["harness", "measure"], "worker": ["harness.stage.worker"]},
        0.12,
    ),
    "report": Case(
        ("-m", "harness.stage", "harness", "report"),
        (("results/smoke/REPORT.md", None, None),),
        {"launcher": ["harness.stage", "report"], "worker": ["harness.stage.worker"]},
        0.13,
    ),
    "verify": Case(("-m", "harness", "verify"), (), {"harness": ["harness", "verify"]}, 0.15),
}


@dataclass(frozen=True)
class Bench:
    """A case made ready: the project before it, and what an unbroken run of it leads to."""

    name: str
    before: object
    old: dict
    new: dict
    counts: dict

    @property
    def words(self):
        """The command line."""
        return [sys.executable, *CASES[self.name].words]


@pytest.fixture(scope="module", params=list(CASES))
def bench(request, finished, tmp_path_factory):
    """Give a case with the events that each of its processes has in an unbroken run."""
    place, case = tmp_path_factory.mktemp(request.param), CASES[request.param]
    before = strike.copy(finished, place / "before" / "project")
    for path, old, new in case.prepare:
        if old is None:
            (before.root / path).unlink()
        else:
            text = (before.root / path).read_text()
            (before.root / path).unlink()  # it may be one file with that of other copies
            assert old in text
            (before.root / path).write_text(text.replace(old, new))
    strike.arm(before)
    unbroken = strike.copy(before, place / "unbroken" / "project")
    strike.arm(unbroken, {"victims": case.victims, "kind": "any", "at": None, "signal": 0})
    ended = strike.run(unbroken, [sys.executable, *case.words])
    assert ended.status in (0, 1), ended.said
    counts = strike.counts(unbroken, case.victims)
    return Bench(request.param, before, strike.digests(before), strike.digests(unbroken), counts)


def points(bench):
    """Return which process is struck at which of its events, with which signal: always the same."""
    generator = random.Random(f"kills of {bench.name}")  # noqa: S311 - no secret
    victims = list(bench.counts)
    for number in range(max(3, round(POINTS * CASES[bench.name].share))):
        victim = victims[number % len(victims)]
        kind = ("effect", "any")[number // len(victims) % 2]
        at = generator.randint(1, bench.counts[victim][kind])
        yield victim, kind, at, SIGNALS[number % len(SIGNALS)]


def test_struck_command_leaves_the_old_state_or_the_new_one_and_goes_on(bench, tmp_path):
    """After a signal at any point nothing is half-written or left running; the command goes on."""
    for number, (victim, kind, at, signum) in enumerate(points(bench)):
        toy = strike.copy(bench.before, tmp_path / str(number) / "project")
        where = f"{bench.name}, {victim}, event {at} ({kind}), {signum.name}"
        struck = {victim: CASES[bench.name].victims[victim]}
        strike.arm(toy, {"victims": struck, "kind": kind, "at": at, "signal": int(signum)})

        ended = strike.run(toy, bench.words)
        missed = strike.disarm(toy)
        state = between(bench, toy, where)
        if not missed:
            check_end(bench, ended, victim, kind, signum, where)
        again = strike.run(toy, bench.words)

        assert again.status in (0, 1), f"{where}\n{again.said}"
        assert "Traceback" not in again.said, f"{where}\n{again.said}"
        check_final(bench, toy, where)
        if ALL and number % SAMPLED == 0:
            toy.harness("repro", check=0)
            toy.harness("verify", check=0)
        state = "not reached" if missed else state
        ledger.enter(
            ledger.Line("signals", signum.name, f"{bench.name}: {victim}", 1, f"{state}; went on")
        )


def check_end(bench, ended, victim, kind, signum, where):
    """The status says how it ended; a signal that asks is answered in one line, no traceback."""
    assert not [line for line, status in ended.orphans.items() if status == 0], where
    if victim != next(iter(CASES[bench.name].victims)):
        assert ended.status in (0, 1), where  # the command itself was not struck: it tells
        return
    # While its modules are imported a command has begun nothing, and ends at once, by the signal.
    early = {-signum} if kind == "any" else set()
    allowed = {-signum} if signum == signal.SIGKILL else {128 + signum, *early}
    assert ended.status in allowed, f"{where}: {ended}"
    assert "Traceback" not in ended.said, f"{where}\n{ended.said}"
    if ended.status > 0:
        told = [line for line in ended.said.splitlines() if signum.name in line]
        assert len(told) == 1, f"{where}\n{ended.said}"
        assert re.search("run it again|the next run goes on", told[0]), told


def between(bench, toy, where):
    """Every file is the old one or the new one, or an output that is being made anew."""
    now = strike.digests(toy)
    for path, digest in now.items():
        if path.startswith("device_results/") and path not in bench.old:
            read(toy.root / path)  # another record: whole, or not there at all
        elif path == "dvc.lock" and bench.name == "repro":
            continue  # DVC writes it in place: the command that goes on mends it
        elif path == "manifest.json":
            json.loads((toy.root / path).read_bytes())
        elif path in REPORT and bench.name == "repro" and says_failed(toy):
            continue  # the stage that was struck has failed, and the report says so
        else:
            assert digest in (bench.old.get(path), bench.new.get(path)), f"{where}: {path}"
    gone = {path for path in bench.old if path not in now and path in bench.new}
    assert all(path.startswith(("artifacts/", "results/")) for path in gone), f"{where}: {gone}"
    if bench.name == "repro" and not lock_is_whole(toy):
        return "dvc.lock half-written by DVC"
    changed = {path for path, digest in now.items() if bench.old.get(path) != digest} | gone
    if not changed:
        return "old state"
    return "new state" if now == bench.new else "in part old, in part new"


def says_failed(toy):
    """Whether the report gives the failure of a stage as the reason of a verdict."""
    return " failed: " in (toy.root / REPORT[0]).read_text()


def lock_is_whole(toy):
    """Whether dvc.lock can be read."""
    try:
        read_lock(toy.root / "dvc.lock")
    except HarnessError:
        return False
    return True


def check_final(bench, toy, where):
    """The state is that of an unbroken run; nothing unfinished is left anywhere."""
    now = strike.digests(toy)
    if bench.name == "measure":
        records = [path for path in now if path.startswith("device_results/smoke/toy/speed/")]
        for path in records:
            read(toy.root / path)
        assert len(records) in (2, 3), where
        now = {path: digest for path, digest in now.items() if path not in records[1:]}
        expected = {path: digest for path, digest in bench.new.items() if path in now}
        assert records[0] in bench.old, where
    else:
        expected = bench.new
    assert now == expected, f"{where}: {set(now.items()) ^ set(expected.items())}"
    assert strike.temporary(toy) == [], where
    if bench.name != "repro":  # a stage that need not run again does not clear its scratch folder
        assert not list((toy.root / ".harness/scratch").glob("*/*/*")), where


AT_WORK = {
    "repro": ("repro", ["harness.stage.worker", "plan/toy/table-totals.json"]),
    "dvc": (None, ["harness.stage.worker", "plan/toy/table-totals.json"]),
    "stage": ("stage", ["harness.stage.worker", "1"]),
    "measure": ("measure", ["harness.stage.worker", "measured/toy/speed.json"]),
}


# DVC passes over SIGINT while a stage runs: at a terminal the stage gets it too.
EACH = [
    (name, signum)
    for name in AT_WORK
    for signum in SIGNALS
    if (name, signum.name) != ("dvc", "SIGINT")
]
SHARE = [
    ("repro", SIGNALS[0]),
    ("repro", SIGNALS[2]),
    ("dvc", SIGNALS[0]),
    ("stage", SIGNALS[1]),
    ("measure", SIGNALS[0]),
]


@pytest.mark.parametrize(("name", "signum"), EACH if ALL else SHARE)
def test_command_that_ends_takes_every_process_of_it_along(finished, tmp_path, name, signum):
    """While a worker is at work the command is struck: no process below it outlives it."""
    toy = strike.copy(finished, tmp_path / "project")
    (toy.root / TABLE).unlink()
    strike.arm(toy)
    case, worker = AT_WORK[name]
    words = [DVC, "repro"] if case is None else [sys.executable, *CASES[case].words]
    with strike.paused(toy, words, worker, "any") as command:
        below = strike.processes(toy)
        command.send_signal(signum)
        left = strike.outlive(below)

    assert len(below) >= 2
    assert left == []
    if name != "dvc":
        status = -signum if signum == signal.SIGKILL else 128 + signum
        assert command.returncode == status, command.said
        assert "Traceback" not in command.said
        told = [line for line in command.said.splitlines() if signum.name in line]
        assert len(told) == (signum != signal.SIGKILL), command.said
    if ALL:
        toy.harness("repro", check=0)
    ledger.enter(
        ledger.Line("signals", signum.name, f"{name}: at work", 1, "all processes ended; went on")
    )


def test_killed_run_is_compared_with_what_was_recorded_before_it(finished, tmp_path):
    """Other bytes that a killed run has made are different in the next run too, never exact."""
    toy = strike.copy(finished, tmp_path / "project")
    manifest = json.loads((toy.root / "manifest.json").read_bytes())
    made = manifest["toy-table-totals"]["files"][TABLE]
    text = (toy.root / "manifest.json").read_text()
    (toy.root / "manifest.json").unlink()
    (toy.root / "manifest.json").write_text(text.replace(made["sha256"], "0" * 64))
    for path in (TABLE, REPORT[0]):
        (toy.root / path).unlink()
    strike.arm(toy)
    # When the next stage begins, this one has entered its bytes.
    words = [sys.executable, "-m", "harness", "repro"]
    with strike.paused(toy, words, ["harness.stage", "report"], "any") as harness:
        harness.kill()
        harness.wait()

    again = toy.harness("repro", check=1)

    assert f"toy/table-totals: different: other bytes: {TABLE}" in again.stdout
    ledger.enter(
        ledger.Line("signals", "SIGKILL", "repro: before it compares", 1, "different is told")
    )
    toy.harness("repro", check=0)  # it has been told: from now on these are the recorded bytes
