"""What was there before a run, and that it comes back."""

import os

import pytest

from harness.compiler.target import Target
from harness.project import Project
from harness.snapshot import Snapshot

COMMITTED = {
    "dvc.lock": "schema: '2.0'\n",
    "manifest.json": '{"a": 1}\n',
    "results/smoke/verdicts.json": "{}\n",
    "results/smoke/paper/accuracy.csv": "accuracy\n0.875\n",
}
THIS_CPU = {path: f"{text}of this CPU\n" for path, text in COMMITTED.items()}
ELSEWHERE = {"results/reviewer/paper/accuracy.csv": "accuracy\n0.9\n", "params.yaml": "a: 1\n"}


def write(root, files):
    """Write files below a folder."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def read(root):
    """Return every file below a folder, but those of the harness's own folder."""
    found = (path for path in root.rglob("*") if path.is_file())
    named = {path.relative_to(root).as_posix(): path.read_text() for path in found}
    return {path: text for path, text in named.items() if not path.startswith(".harness/")}


def beside(files):
    """Return files as they are in a folder beside the project's own compilation."""
    results = {path: text for path, text in files.items() if path.startswith("results/")}
    own = {f"profiles/smoke/{path}": text for path, text in files.items() if path not in results}
    return {**results, **own}


@pytest.fixture(params=["", "profiles/smoke"])
def target(tmp_path, request):
    """Give a target, the project itself or a folder beside it."""
    return Target(Project(tmp_path), request.param)


def placed(target, files):
    """Return files by the paths that they have for a target."""
    return beside(files) if target.folder else files


def test_put_back_restores_every_committed_byte(target):
    """Lock, manifest and results are what they were; files that came with the run are gone."""
    root = target.project.root
    committed = {**placed(target, COMMITTED), **ELSEWHERE}
    write(root, committed)
    snapshot = Snapshot.take(target, "smoke")
    write(root, {**placed(target, THIS_CPU), "results/smoke/paper/new.csv": "x\n"})

    snapshot.put_back()

    assert read(root) == committed


def test_files_of_this_cpu_are_kept_aside(target):
    """What is replaced lies in the returned folder, with the files that came with the run."""
    root = target.project.root
    write(root, placed(target, COMMITTED))
    snapshot = Snapshot.take(target, "smoke")
    made = {**placed(target, THIS_CPU), "results/smoke/paper/new.csv": "x\n"}
    write(root, made)

    aside = snapshot.put_back()

    assert aside.is_relative_to(target.project.state)
    assert read(aside) == made


def test_earlier_files_aside_are_replaced(target):
    """The folder aside holds the last run only."""
    root = target.project.root
    write(root, placed(target, COMMITTED))
    for text in ("first", "second"):
        snapshot = Snapshot.take(target, "smoke")
        write(root, {f"results/smoke/{text}.csv": text})
        aside = snapshot.put_back()

    assert "results/smoke/second.csv" in read(aside)
    assert "results/smoke/first.csv" not in read(aside)


def test_snapshot_holds_the_state_of_its_own_time(target):
    """A new snapshot forgets what an earlier one held."""
    root = target.project.root
    write(root, placed(target, THIS_CPU))
    Snapshot.take(target, "smoke")
    for path in placed(target, THIS_CPU):
        (root / path).unlink()
    write(root, placed(target, {"results/smoke/paper/accuracy.csv": "accuracy\n0.875\n"}))

    snapshot = Snapshot.take(target, "smoke")

    assert read(snapshot.folder) == {"results/smoke/paper/accuracy.csv": "accuracy\n0.875\n"}


def test_nothing_to_put_back_leaves_the_run_alone(target):
    """Before the first run there is nothing to restore, and its files stay."""
    root = target.project.root
    snapshot = Snapshot.take(target, "smoke")
    write(root, placed(target, THIS_CPU))

    snapshot.put_back()

    assert read(root) == placed(target, THIS_CPU)


def test_times_come_back_too(target):
    """A restored file keeps its time, so that DVC need not hash it again."""
    root = target.project.root
    write(root, placed(target, COMMITTED))
    table = root / "results/smoke/paper/accuracy.csv"
    os.utime(table, ns=(10**18, 10**18))
    snapshot = Snapshot.take(target, "smoke")
    write(root, placed(target, THIS_CPU))

    snapshot.put_back()

    assert table.stat().st_mtime_ns == 10**18
