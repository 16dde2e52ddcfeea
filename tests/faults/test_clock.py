"""A clock that goes back: nothing is skipped, nothing overwritten, and records keep their order."""

import json
import os
import shutil

import ledger
import pytest
import strike

from harness.devices.record import read
from harness.devices.store import numbers

FUTURE = 4102444800  # 2100-01-01
SPEC = "specs/papers/toy.yaml"
RECORDS = "device_results/smoke/toy/speed"


def enter(fault, where, outcome):
    """Enter what happened."""
    ledger.enter(ledger.Line("clock", fault, where, 1, outcome))


@pytest.fixture
def future(toy):
    """Give the project with the time of every file in the future, as after a clock was set back."""
    for folder, folders, names in os.walk(toy.root):
        folders[:] = [name for name in folders if not (toy.root / folder / name).is_symlink()]
        for name in names:
            os.utime(os.path.join(folder, name), (FUTURE, FUTURE), follow_symlinks=False)
    return toy


def rewrite(toy, path, old, new):
    """Change a file in place and give it the time that it had: no clock tells of the change."""
    time = (toy.root / path).stat().st_mtime_ns
    toy.edit(path, old, new)
    os.utime(toy.root / path, ns=(time, time))


def test_times_in_the_future_make_nothing_stale(future):
    """Files from the future are judged by their bytes: nothing runs, nothing changes."""
    before = strike.digests(future)

    assert "nothing changed" in future.harness("compile", check=0).stdout
    future.harness("status", check=0)
    future.harness("repro", check=0)
    future.harness("verify", check=0)

    assert strike.digests(future) == before
    enter("every file from the future", "compile, status, repro, verify", "nothing ran or changed")


def test_change_that_no_time_tells_of_is_compiled_and_run(future):
    """Spec and code of the same size, time and inode as before are compiled, and their stages run.

    DVC trusts those three, so the harness gives what has changed another time.
    """
    future.dvc("status", check=0)  # DVC notes the times
    rewrite(future, SPEC, "epochs: 4", "epochs: 3")
    rewrite(future, "reproductions/toy/drawing.py", "one dot a row", "ONE dot a row")

    future.harness("compile", check=0)
    status = future.harness("status", "--why", check=1).stdout
    done = future.harness("repro", check=0)

    assert "changed: reproductions/toy/drawing.py" in status
    assert "toy/numbers (" in done.stderr
    assert "toy/figure-dots (" in done.stderr
    plan = json.loads((future.root / "plan/toy/numbers.json").read_bytes())
    assert plan["params"]["epochs"] == 3
    future.harness("status", check=0)
    enter("spec and code with their old times", "compile, repro", "compiled and run")


def test_code_alone_that_no_time_tells_of_is_not_skipped(future):
    """Code that kept its size, time and inode runs anew, though DVC's own look misses it."""
    future.dvc("status", check=0)
    rewrite(future, "reproductions/toy/drawing.py", "one dot a row", "ONE dot a row")

    done = future.harness("repro", check=0)

    assert "toy/figure-dots (" in done.stderr
    future.harness("status", check=0)
    enter("code with its old time", "repro", "run anew")


def test_output_that_no_time_tells_of_is_found(future):
    """An output changed in place, its time kept, is found by verify and made anew by repro."""
    before = strike.digests(future)
    path = "results/smoke/toy/totals.csv"
    rewrite(future, path, "plain", "other")

    assert path in future.harness("verify", check=1).stdout
    future.harness("repro", check=0)

    assert strike.digests(future) == before
    enter("output with its old time", "verify, repro", "found, made anew")


def test_inputs_from_the_future_are_hashed(future):
    """A stage refuses an input with other bytes, whatever its time says."""
    path = "artifacts/smoke/toy/numbers/values/seed-0/manifest.json"
    (future.root / path).write_text("{}")
    os.utime(future.root / path, (FUTURE, FUTURE))

    done = future.run("python3", "-m", "harness.stage", "toy", "total", check=1)

    assert "but dvc.lock vouches for" in done.stderr
    enter("input from the future", "stage", "refused by its bytes")


def test_record_of_an_earlier_clock_follows_the_one_that_is_there(toy):
    """A second record is the second by its number, though its clock says that it was the first."""
    first = toy.root / RECORDS / "0001.json"
    text = first.read_text()
    taken = read(first).started
    first.write_text(text.replace(taken, "2099-12-31T23:59:59Z"))
    before = first.read_bytes()

    done = toy.harness("measure", "toy/speed")
    toy.harness("measure", "toy/speed")

    assert done.returncode in (0, 1), done.stderr
    assert "Traceback" not in done.stderr
    assert first.read_bytes() == before
    assert numbers(toy.root, "smoke", "toy", "speed") == ["0001", "0002", "0003"]
    assert read(toy.root / RECORDS / "0002.json").started < read(first).started
    enter("record from the future", "measure", "the new ones follow it by number")


@pytest.mark.skipif(shutil.which("faketime") is None, reason="faketime is not installed")
def test_clock_set_back_between_two_runs_changes_no_byte(toy):
    """A run decades before the last one makes the same bytes, and overwrites no record."""
    before = strike.digests(toy)
    (toy.root / "results/smoke/toy/totals.csv").unlink()

    toy.run("faketime", "-f", "1999-12-31 23:59:58", "python3", "-m", "harness", "repro", check=0)
    measured = toy.run(
        "faketime", "-f", "1999-12-31 23:59:58", "python3", "-m", "harness", "measure", "toy/speed"
    )

    assert measured.returncode in (0, 1), measured.stderr
    second = toy.root / RECORDS / "0002.json"
    assert read(second).started.startswith("1999-12-31")
    now = strike.digests(toy)
    del now[second.relative_to(toy.root).as_posix()]
    assert now == before
    enter("the clock a quarter of a century back", "repro, measure", "same bytes, record 0002")
