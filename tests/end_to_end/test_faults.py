"""Faults: what is left after one is the old state or the new one, and the way back is told."""

import json
import resource
import signal
import subprocess
import sys

import pytest

CHANGE = ("specs/papers/toy.yaml", "epochs: 4", "epochs: 6")


@pytest.fixture
def changed(toy):
    """Give the project with a longer training of one seed before it."""
    toy.edit(*CHANGE)
    toy.edit("specs/papers/toy.yaml", "seeds: [0, 1]", "seeds: [0]")
    toy.harness("compile", check=0)
    (toy.root / ".harness" / "epochs.log").write_text("")
    return toy


def manifest(toy):
    """Return the digests of all outputs."""
    entries = json.loads((toy.root / "manifest.json").read_text())
    return {name: entry["files"] for name, entry in entries.items()}


def test_killed_stage_leaves_no_output_and_resumes_to_the_same_bytes(changed):
    """A killed training goes on from its checkpoint and ends with the bytes of an unbroken one."""
    (changed.root / ".harness" / "after-2-kill").touch()
    killed = changed.dvc("repro", "toy-numbers")
    assert killed.returncode != 0
    assert "SIGKILL" in killed.stderr
    assert not (changed.root / "artifacts/smoke/toy/numbers/values").exists()

    changed.dvc("repro", "toy-numbers", check=0)
    resumed = manifest(changed)["toy-numbers"]
    epochs = (changed.root / ".harness/epochs.log").read_text().splitlines()
    changed.run("rm", "-r", "artifacts", check=0)
    changed.dvc("repro", "--force", "toy-numbers", check=0)

    assert manifest(changed)["toy-numbers"] == resumed
    assert epochs == [f"0 {epoch}" for epoch in range(6)], "an epoch was done twice, or not at all"
    assert not list((changed.root / ".harness/scratch").glob("*/*/*"))


def test_checkpoint_of_another_run_is_not_taken_up(changed):
    """After a kill and a changed parameter the training starts from its first epoch."""
    (changed.root / ".harness" / "after-2-kill").touch()
    changed.dvc("repro", "toy-numbers")
    changed.edit("specs/papers/toy.yaml", "count: 5", "count: 4")
    changed.harness("compile", check=0)
    (changed.root / ".harness" / "epochs.log").write_text("")

    changed.dvc("repro", "toy-numbers", check=0)

    assert len((changed.root / ".harness/epochs.log").read_text().splitlines()) == 6


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_signal_to_the_launcher_ends_its_workers(changed, name):
    """A signal ends the launcher with its status, its workers with it, and leaves no output."""
    launcher = subprocess.Popen(
        [sys.executable, "-m", "harness.stage", "toy", "numbers"],
        cwd=changed.root, env=changed.variables(), stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    for line in launcher.stderr:
        if "1/6" in line:
            break
    launcher.send_signal(getattr(signal, name))
    said = launcher.communicate()[1]

    assert launcher.returncode in (0, 128 + getattr(signal, name))
    if launcher.returncode:
        assert "the next run goes on" in said
    running = subprocess.run(["pgrep", "-f", str(changed.root)], capture_output=True, check=False)
    assert running.stdout == b""


def test_full_disk_is_told_and_leaves_the_old_state(changed):
    """A write beyond the limit fails with a message, no traceback, and nothing half-written."""
    changed.edit("specs/papers/toy.yaml", "count: 5", "count: 500000")
    changed.harness("compile", check=0)

    done = changed.run(
        sys.executable, "-m", "harness.stage", "toy", "numbers",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)),
    )  # fmt: skip

    assert done.returncode == 1
    assert "File too large" in done.stderr
    assert "Traceback" not in done.stderr
    changed.git("checkout", "-q", "--", ".")
    assert changed.harness("verify").returncode == 0


def test_truncated_lock_is_refused_with_the_way_back(toy):
    """A truncated dvc.lock stops the run before DVC sees it, and the advice works."""
    lock = toy.root / "dvc.lock"
    lock.write_bytes(lock.read_bytes()[:700])

    said = toy.harness("repro", check=1).stderr
    toy.git("checkout", "--", "dvc.lock")

    assert "truncated" in said
    assert "git checkout -- dvc.lock" in said
    toy.harness("repro", check=0)


def test_input_with_other_bytes_is_refused(toy):
    """A stage does not run on an input that dvc.lock does not vouch for."""
    path = toy.root / "artifacts/smoke/toy/numbers/values/seed-0/manifest.json"
    path.write_text("{}")

    done = toy.run(sys.executable, "-m", "harness.stage", "toy", "total", check=1)

    assert "but dvc.lock vouches for" in done.stderr
    assert "dvc repro --force toy-numbers" in done.stderr
