"""`harness verify --rerun` on a toy project, for real."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.rerun.host import Host
from harness.rerun.variation import choose

HOST = Host.here()
STAGES = ["toy/numbers", "toy/total", "toy/table-totals", "toy/figure-dots", "harness/report",
          "toy/speed"]  # fmt: skip


def plant(toy, line):
    """Have the first step depend on something; commit the result of a run of it."""
    toy.edit(
        "reproductions/toy/numbers.py",
        '    outputs.arrays("values", {"values": values / params.epochs})',
        f"    import os, time, uuid, socket\n    values[0] = {line}\n"
        '    outputs.arrays("values", {"values": values})',
    )
    toy.harness("compile", check=0)
    toy.harness("repro", "toy/numbers")
    toy.commit()


def rerun(toy, workspace, *words, check):
    """Rerun as a user does and return what --json prints."""
    workspace.mkdir()
    command = [sys.executable, "-m", "harness", "verify", "--json", *words]
    done = subprocess.run(
        command, cwd=toy.root, env={**toy.variables(), "TMPDIR": str(workspace)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == check, done.stderr
    return json.loads(done.stdout)


def test_nothing_makes_a_difference_to_a_clean_project(toy, tmp_path):
    """Under all variations at once every file of every stage has the committed bytes."""
    said = rerun(toy, tmp_path / "w", "--rerun", check=0)

    able, missing = choose([], HOST)
    assert said["exact"]
    assert sorted(stage["stage"] for stage in said["stages"]) == sorted(STAGES)
    assert {stage["outcome"] for stage in said["stages"]} == {"exact"}
    assert said["whole_files"] == {"dvc.lock": "exact", "manifest.json": "exact"}
    assert said["variations"] == {one.variation.name: one.value for one in able}
    assert said["missing"] == {one.variation.name: why for one, why in missing}
    assert not list((tmp_path / "w").iterdir())


def test_path_that_the_locale_cannot_spell_is_no_hindrance(toy, tmp_path):
    """In the C locale, with UTF-8 mode off, a project in a path with other letters still runs."""
    words = ["--vary", "path", "locale=C", "environment"]

    said = rerun(toy, tmp_path / "w", "--rerun", "toy/numbers", *words, check=0)

    assert said["exact"]


@pytest.mark.parametrize(
    ("line", "variation", "words"),
    [
        ("time.gmtime().tm_year", "time", ["hashseed", "time", "umask", "home"]),
        ("float(' ' in os.getcwd())", "path", ["path", "umask"]),
    ],
)  # fmt: skip
def test_culprit_is_named(toy, tmp_path, line, variation, words):
    """A step that depends on one thing is caught, and exactly that variation is named."""
    if choose([variation], HOST)[1]:
        pytest.skip(f"{variation} cannot be had here")
    plant(toy, line)

    said = rerun(toy, tmp_path / "w", "--rerun", "toy/numbers", "--vary", *words, check=1)

    assert list(said["culprit"]["variations"]) == [variation]
    assert said["culprit"]["reruns"] <= 5
    path = "artifacts/smoke/toy/numbers/values/seed-0"
    assert said["difference"][0] == f"{path}/manifest.json:"
    assert Path(said["clone"], path).is_dir()


def test_chance_is_no_variations_fault(toy, tmp_path):
    """A step that differs every time is told apart from one that depends on a variation."""
    plant(toy, "uuid.uuid4().int % 2**50")

    said = rerun(toy, tmp_path / "w", "--rerun", "toy/numbers", "--vary", "umask", check=1)

    assert said["culprit"] == {"variations": {}, "without_any": True, "reruns": 1}


def test_interrupted_rerun_leaves_nothing(toy, tmp_path):
    """On SIGINT the processes of a rerun end and its clone is removed."""
    workspace = tmp_path / "w"
    workspace.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "verify", "--rerun", "--vary", "umask"], cwd=toy.root,
        env={**toy.variables(), "TMPDIR": str(workspace)}, stderr=subprocess.PIPE, text=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    for line in process.stderr:
        if "toy/numbers (" in line:
            break
    process.send_signal(signal.SIGINT)
    rest = process.communicate()[1]

    assert process.returncode == 130, rest
    assert not list(workspace.iterdir())
    assert not [link for link in Path("/proc").glob("[0-9]*/cwd") if str(workspace) in where(link)]


def where(link):
    """Return where a link of /proc leads, if anywhere still."""
    try:
        return os.readlink(link)
    except OSError:
        return ""


def test_uncommitted_changes_are_told_and_left_out(toy, tmp_path):
    """What is not committed is said to be left out, and does not run."""
    toy.edit("reproductions/toy/numbers.py", "values / params.epochs", "values * 0")

    said = rerun(toy, tmp_path / "w", "--rerun", "toy/numbers", "--vary", "umask", check=0)

    assert said["uncommitted_changes"]


def test_project_without_git_cannot_be_rerun(toy):
    """Where nothing is committed the way to a rerun is told."""
    subprocess.run(["rm", "-rf", ".git"], cwd=toy.root, check=True)

    done = toy.harness("verify", "--rerun", check=1)

    assert "commit it first" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--vary", "weather"], "no such variation"),
        (["--vary", "cpu", "time"], "goes with no other variation"),
        (["--rerun", "--stages", "toy/numbers"], "only with --vary cpu"),
        (["--rerun", "nobody"], "'nobody' is no paper"),
    ],
)
def test_wrong_use_is_refused(toy, words, said):
    """Words that mean nothing are refused with status 2."""
    assert said in toy.harness("verify", *words, check=2).stderr
