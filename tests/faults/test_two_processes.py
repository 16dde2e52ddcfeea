"""Two processes in one project: one of them at work, the other is told so; nothing is mixed up.

The first process pauses at a chosen event until the second has ended; nothing waits for a clock.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import ledger
import pytest
import strike

from harness.stage.hold import project_file

PYTHON = sys.executable
TABLE = "results/smoke/toy/totals.csv"
COMMANDS = {
    "repro": [PYTHON, "-m", "harness", "repro"],
    "compile": [PYTHON, "-m", "harness", "compile", "papers.toy.stages.numbers.params.epochs=3"],
    "measure": [PYTHON, "-m", "harness", "measure", "toy/speed"],
    "costs": [PYTHON, "-m", "harness", "measure", "--costs"],
    "verify": [PYTHON, "-m", "harness", "verify"],
    "stage": [PYTHON, "-m", "harness.stage", "toy", "table-totals"],
    "dvc": [str(Path(sys.executable).parent / "dvc"), "repro"],
}
# Where the first command pauses: before any output of it is in place.
PAUSES = {
    "repro": ["harness.stage.worker", "plan/toy/table-totals.json"],
    "dvc": ["harness.stage.worker", "plan/toy/table-totals.json"],
    "stage": ["harness.stage.worker", "plan/toy/table-totals.json"],
    "measure": ["harness.stage.worker", "measured/toy/speed.json"],
    "compile": ["harness", "compile"],
    "verify": ["harness", "verify"],
}


def lost_table(toy):
    """Take a table away, so that a run has something to make; return the digests before."""
    complete = strike.digests(toy)
    (toy.root / TABLE).unlink()
    strike.arm(toy)
    return complete


def enter(first, second, outcome):
    """Enter what happened to the second of two commands."""
    ledger.enter(ledger.Line("two processes", f"{second} during {first}", first, 1, outcome))


DURING = {
    "repro": ["repro", "compile", "measure", "costs", "stage", "dvc", "verify"],
    "stage": ["stage", "compile", "dvc"],  # others may read beside a single stage
    "dvc": ["dvc", "repro"],
}


@pytest.mark.parametrize("first", DURING)
def test_second_command_is_told_who_is_at_work(toy, first):
    """During a run nobody else writes or verifies the project; the holder is named."""
    complete = lost_table(toy)
    with strike.paused(toy, COMMANDS[first], PAUSES[first]) as process:
        during = strike.digests(toy)
        for second in DURING[first]:
            done = toy.run(*COMMANDS[second])

            assert done.returncode, f"{second}: {done.stdout}"
            assert "Traceback" not in done.stderr, done.stderr
            assert "is held by `" in done.stderr or "being blocked by" in done.stderr, done.stderr
            # DVC itself takes the outputs of a stage away before it starts the stage.
            now = strike.digests(toy)
            gone = during.keys() - now.keys() if second == "dvc" else set()
            assert now.items() <= during.items(), f"{second} during {first}"
            assert all(path.startswith("results/smoke/toy/totals") for path in gone), gone
            assert now.keys() | gone == during.keys(), f"{second} during {first}"
            during = now
            enter(first, second, "refused, the holder named")
        if first == "repro":
            assert f"process {process.pid}," in toy.run(*COMMANDS["repro"]).stderr

    assert process.returncode == 0, process.said
    if first == "stage":
        toy.harness("repro", check=0)
    assert strike.digests(toy) == complete


def test_status_and_claims_can_be_asked_during_a_run(toy):
    """Commands that only show are answered while a run goes on."""
    lost_table(toy)
    with strike.paused(toy, COMMANDS["repro"], PAUSES["repro"]):
        assert "toy/table-totals" in toy.harness("status", check=1).stdout
        toy.harness("claims", check=0)
        (toy.root / "dvc.lock").rename(toy.root / ".harness/aside")
        (toy.root / "dvc.lock").write_text("schema")  # as DVC leaves it for a moment
        said = toy.harness("status", check=1).stderr
        (toy.root / ".harness/aside").rename(toy.root / "dvc.lock")

    assert "`harness repro`" in said
    assert "first wait until it has ended" in said
    enter("repro", "status", "answered; a lock that is being written is no damage")


def test_two_compilations_one_is_refused(toy):
    """While specs are compiled another compilation is refused; the first one's files are whole."""
    toy.edit("specs/papers/toy.yaml", "epochs: 4", "epochs: 3")
    strike.arm(toy)
    first = [PYTHON, "-m", "harness", "compile"]
    with strike.paused(toy, first, PAUSES["compile"], "fsync") as process:
        second = toy.run(*COMMANDS["compile"])

    assert second.returncode == 1
    assert f"held by `harness compile` (process {process.pid}," in second.stderr
    assert process.returncode == 0, process.said
    toy.harness("compile", "--check", check=0)
    enter("compile", "compile", "refused, the holder named")


def test_two_measurements_one_is_refused(toy):
    """Two measurements at once would disturb each other: one is refused, no record is lost."""
    strike.arm(toy)
    with strike.paused(toy, COMMANDS["measure"], PAUSES["measure"]) as process:
        second = toy.run(*COMMANDS["measure"])

    assert second.returncode == 1
    assert f"held by `harness measure toy/speed` (process {process.pid}," in second.stderr
    assert process.returncode in (0, 1), process.said
    records = sorted((toy.root / "device_results/smoke/toy/speed").iterdir())
    assert [path.name for path in records] == ["0001.json", "0002.json"]
    enter("measure", "measure", "refused, the holder named")


def test_project_that_is_verified_is_not_changed(toy):
    """While it is verified the project can be read by others, and changed by nobody."""
    complete = lost_table(toy)
    with strike.paused(toy, COMMANDS["verify"], PAUSES["verify"], "os.scandir") as process:
        for second in ("repro", "compile", "measure"):
            done = toy.run(*COMMANDS[second], check=1)
            assert f"is held by `harness verify` (process {process.pid}," in done.stderr
            enter("verify", second, "refused, the holder named")
        other = toy.run(*COMMANDS["verify"], check=1)
        enter("verify", "verify", "both ran")

    assert TABLE in other.stdout
    assert process.returncode == 1, process.said
    assert strike.digests(toy) == {path: d for path, d in complete.items() if path != TABLE}


def environment(toy):
    """Give the project an environment that is quick to build, in a folder of its own."""
    text = (toy.root / "specs/environment/harness.yaml").read_text()
    tiny = text.replace("environment: harness", "environment: tiny")
    tiny = tiny.replace("environments/harness.txt", "environments/tiny.txt")
    tiny = tiny.partition("imports:")[0]
    (toy.root / "specs/environment/tiny.yaml").write_text(tiny)
    (toy.root / "environments/tiny.txt").write_text("")
    (toy.root / ".harness/environments").unlink()


def test_environment_is_built_once(toy):
    """The second of two builds says that it waits, for whom, and finds the environment built."""
    environment(toy)
    strike.arm(toy)
    build = [PYTHON, "-m", "harness", "env", "tiny"]
    with strike.paused(toy, build, ["harness", "env"], "subprocess.Popen") as first:
        second = subprocess.Popen(
            build, cwd=toy.root, env=toy.variables(), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        waiting = second.stderr.readline()

    rest = second.communicate()[1]
    assert f"(process {first.pid}," in waiting
    assert (first.returncode, second.returncode) == (0, 0), first.said + rest
    assert "building the environment 'tiny'" in first.said
    assert "building" not in rest
    ledger.enter(ledger.Line("two processes", "env during env", "env", 1, "waited, built once"))


def dead_pid():
    """Return the number of a process that is no more."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def leave_project_lock(toy):
    """Leave the file of a harness that was killed."""
    holder = {"pid": dead_pid(), "command": "harness repro", "since": "2020-01-01 00:00:00 UTC"}
    project_file(toy.root).write_text(json.dumps(holder))


def leave_torn_project_lock(toy):
    """Leave the file of a harness that was killed while it wrote its name."""
    project_file(toy.root).write_text('{"pid": 12')


def leave_dvc_lock(toy):
    """Leave the file with a process's number that DVC locks."""
    (toy.root / ".dvc/tmp/lock").write_text(f" {dead_pid()}\n")


def leave_rwlock(toy, pid):
    """Leave DVC's list of who reads and writes what."""
    info = {"pid": pid, "cmd": "dvc repro"}
    entries = {"write": {str(toy.root / TABLE): info}, "read": {str(toy.root / "plan"): [info]}}
    (toy.root / ".dvc/tmp/rwlock").write_text(json.dumps(entries))


def leave_half_a_rwlock(toy):
    """Leave DVC's list as a kill does that strikes while it is written."""
    leave_rwlock(toy, dead_pid())
    path = toy.root / ".dvc/tmp/rwlock"
    path.write_bytes(path.read_bytes()[:20])


STALE = {
    "of a killed harness, and of DVC whose process is dead": (
        leave_project_lock, leave_dvc_lock, lambda toy: leave_rwlock(toy, dead_pid()),
    ),
    "of DVC, its process's number another's now": (lambda toy: leave_rwlock(toy, os.getpid()),),
    "half-written, of both": (leave_torn_project_lock, leave_half_a_rwlock),
}  # fmt: skip


@pytest.mark.parametrize("fault", STALE)
def test_stale_lock_never_blocks(toy, fault):
    """What a process that is no more has left behind stops no run."""
    for leave in STALE[fault]:
        leave(toy)

    done = toy.harness("repro", check=0)

    assert "Traceback" not in done.stderr
    ledger.enter(ledger.Line("stale locks", fault, "repro", 1, "ran to the end"))


def test_half_a_dvc_lock_of_a_killed_run_is_mended(toy):
    """When DVC was killed with the harness while it wrote dvc.lock, the one before comes back."""
    complete = strike.digests(toy)
    leave_project_lock(toy)
    lock = toy.root / "dvc.lock"
    lock.write_bytes(lock.read_bytes()[: lock.stat().st_size // 2])

    done = toy.harness("repro", check=0)

    assert "dvc.lock was half written" in done.stderr
    assert strike.digests(toy) == complete
    ledger.enter(ledger.Line("stale locks", "half a dvc.lock", "repro", 1, "mended, ran on"))
