"""What `harness verify --repair` restores, from where, and what it leaves alone."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
from damage import TOTALS, VALUES, flip, overwrite

ROWS = "artifacts/smoke/toy/total/rows.csv"
RESULTS = "results/smoke"
KILLED_AT = """\
import os, signal, sys
left = int(sys.argv[1])
def kill(event, arguments):
    global left
    if event == "os.rename":  # how everything that a repair does takes effect
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(kill)
from harness.cli.main import main
sys.exit(main(["verify", "--repair"]))
"""


def damage_what_can_be_copied(damaged):
    """Damage outputs and objects in many ways that leave whole bytes somewhere."""
    root = damaged.root
    values, results = root / VALUES, root / RESULTS
    flip(damaged.object(f"{VALUES}/seed-0/values.npy"))
    damaged.object(f"{VALUES}/seed-0/manifest.json").unlink()
    overwrite(damaged.listing("toy-numbers", VALUES), b"[]")
    flip(values / "seed-1/values.npy")
    (values / "seed-1/manifest.json").unlink()
    (values / "seed-1/manifest.json").mkdir()
    (values / "seed-1/manifest.json/inner").write_text("kept")
    (root / ROWS).unlink()
    (root / ROWS).symlink_to("/nowhere")
    (results / "toy/totals.md").write_text("")
    (root / TOTALS).write_bytes((root / TOTALS).read_bytes().replace(b"\n", b"\r\n"))
    (results / "toy/dots/foreign").write_text("precious")


def test_whole_bytes_are_copied_and_foreign_files_kept(damaged):
    """Outputs, objects and git restore each other without a run; nothing foreign is deleted."""
    before = damaged.state()
    damage_what_can_be_copied(damaged)
    epochs = (damaged.root / ".harness/epochs.log").read_text()

    done = damaged.verify("--repair", status=0)

    ways = {one["path"]: one["way"] for one in done["repairs"]}
    assert done["findings"] == []
    assert damaged.state() == before
    assert ways == {
        damaged.shown(damaged.object(f"{VALUES}/seed-0/values.npy")): "copied",
        damaged.shown(damaged.object(f"{VALUES}/seed-0/manifest.json")): "copied",
        damaged.shown(damaged.listing("toy-numbers", VALUES)): "copied",
        f"{VALUES}/seed-1/values.npy": "copied",
        f"{VALUES}/seed-1/manifest.json": "copied",
        ROWS: "copied",
        f"{RESULTS}/toy/totals.md": "from git",
        TOTALS: "from git",
        f"{RESULTS}/toy/dots/foreign": "moved aside",
    }
    aside = damaged.root / ".harness/foreign"
    assert (aside / RESULTS / "toy/dots/foreign").read_text() == "precious"
    assert (aside / VALUES / "seed-1/manifest.json/inner").read_text() == "kept"
    assert (aside / ROWS).is_symlink()
    assert (damaged.root / ".harness/epochs.log").read_text() == epochs, "a stage ran"
    assert damaged.object(f"{VALUES}/seed-0/values.npy").stat().st_mode & 0o777 == 0o444
    assert "up to date" in damaged.toy.dvc("status", check=0).stdout


def test_what_is_whole_nowhere_is_run_anew_upstream_first(damaged):
    """Outputs whose bytes and objects are both lost come out of their stages again, equal."""
    before = damaged.state()
    for path in (f"{VALUES}/seed-0/values.npy", ROWS):
        flip(damaged.object(path))
        (damaged.root / path).unlink()

    done = damaged.toy.harness("verify", "--repair", "--json", check=0)

    repairs = json.loads(done.stdout)["repairs"]
    assert {one["way"] for one in repairs} == {"run anew"}
    assert [one["detail"] for one in repairs] == ["toy/numbers"] * 2 + ["toy/total"] * 2
    assert damaged.state() == before
    assert damaged.toy.git("status", "--porcelain") == ""


def test_failed_run_is_told_with_its_reason_and_stops_what_reads_it(damaged):
    """A stage that fails again is named with why, and those built on it are not tried."""
    damaged.toy.git("config", "user.name", "A")
    for path in (f"{VALUES}/seed-0/values.npy", ROWS):
        flip(damaged.object(path))
        flip(damaged.root / path)
    (damaged.root / ".harness/after-2-kill").touch()

    done = damaged.verify("--repair")

    said = {one["path"]: one["detail"] for one in done["repairs"]}
    assert "ended by SIGKILL" in said[f"{VALUES}/seed-0/values.npy"]
    assert said[ROWS] == "it reads toy-numbers, which could not be made"
    assert ("output", ROWS) in {(one["where"], one["path"]) for one in done["findings"]}


def test_run_with_other_bytes_changes_no_record(damaged):
    """What a run gives is compared with the record, which stays; the finding stays too."""
    root = damaged.root
    manifest = json.loads((root / "manifest.json").read_text())
    record = manifest["toy-total"]["files"][ROWS]
    damaged.toy.edit("dvc.lock", record["md5"], "ab" * 16)
    damaged.toy.edit("manifest.json", record["md5"], "ab" * 16)
    damaged.toy.edit("manifest.json", record["sha256"], "1" * 64)
    before = damaged.state()

    done = damaged.verify("--repair")

    details = {one["detail"] for one in done["repairs"]}
    assert details == {
        "toy/total ran and gave other bytes than are on record; `harness repro` judges them"
    }
    assert ("output", ROWS) in {(one["where"], one["path"]) for one in done["findings"]}
    assert damaged.state() == before


@pytest.mark.parametrize(
    ("path", "edit", "reason"),
    [
        (ROWS, ("reproductions/toy/total.py", "def ", "# other\ndef "), "code or environment of"),
        ("device_results/smoke/toy/speed/0001.json", None, "a measurement repeats no bytes"),
    ],
)
def test_what_cannot_come_out_equal_is_not_run(damaged, path, edit, reason):
    """A changed stage and a measurement are not run, and it is told why and what to do."""
    shutil.rmtree(damaged.root / ".git")
    if path == ROWS:
        damaged.object(path).unlink()
    flip(damaged.root / path)
    if edit:
        damaged.toy.edit(*edit)

    done = damaged.verify("--repair")

    assert all(one["way"] == "not repaired" for one in done["repairs"])
    assert reason in done["repairs"][0]["detail"]
    assert "; " in done["repairs"][0]["detail"], "no remedy"
    assert done["findings"]


def test_restored_outputs_are_told_apart_and_entered(damaged):
    """What `dvc repro` took from its run cache is no damage: it is told so, and entered."""
    toy = damaged.toy
    committed = (damaged.root / "manifest.json").read_bytes()
    for old, new in (("epochs: 4", "epochs: 6"), ("epochs: 6", "epochs: 4")):
        toy.edit("specs/papers/toy.yaml", old, new)
        toy.harness("compile", check=0)
        restored = toy.dvc("repro", "--single-item", "toy-numbers", check=0).stdout
    assert "is cached" in restored

    (found,) = damaged.verify()["findings"]
    done = damaged.verify("--repair", status=0)

    assert (found["where"], found["path"], found["problem"]) == ("manifest", VALUES, "unrecorded")
    assert "`dvc repro` restored it" in found["detail"]
    assert found["remedy"] == "`harness repro` enters it"
    assert [one["way"] for one in done["repairs"]] == ["entered"]
    assert (damaged.root / "manifest.json").read_bytes() == committed


def test_killed_repair_leaves_nothing_worse_and_the_next_one_ends_it(damaged):
    """Wherever a repair is killed, each file is as it was, aside, or right; the next ends it."""
    whole = damaged.state()
    flip(damaged.object(f"{VALUES}/seed-0/values.npy"))
    flip(damaged.root / VALUES / "seed-1/values.npy")
    (damaged.root / TOTALS).write_text("")
    (damaged.root / RESULTS / "foreign").write_text("precious")
    hurt = damaged.state()
    command = [sys.executable, "-c", KILLED_AT]
    killed = 0
    while damaged.toy.run(*command, str(min(killed, 1))).returncode == -signal.SIGKILL:
        killed += 1  # each run gets one step further than the last
        now = damaged.state()
        for path, content in now.items():
            assert content in (whole.get(path), hurt.get(path)), path
        assert not now.keys() - whole.keys() - hurt.keys(), "a draft among the outputs"
        assert hurt.keys() & whole.keys() <= now.keys(), "a file is gone"

    assert killed >= 4
    damaged.verify("--repair", status=0)
    assert damaged.state() == whole
    assert not list((damaged.root / ".harness/repair").iterdir())


def test_second_foreign_file_of_a_name_replaces_none(damaged):
    """What is moved aside never takes the place of what was moved there before."""
    for content in ("first", "second"):
        (damaged.root / RESULTS / "note").write_text(content)
        damaged.verify("--repair", status=0)

    aside = damaged.root / ".harness/foreign" / RESULTS
    assert [(aside / name).read_text() for name in ("note", "note.2")] == ["first", "second"]


def test_cache_outside_the_project_is_repaired_and_nothing_in_it_moved(damaged):
    """Objects of a shared cache are restored; what is foreign there may be somebody's."""
    shared = damaged.root.parent / "shared"
    shutil.move(damaged.root / ".dvc/cache", shared)
    (damaged.root / ".dvc/config.local").write_text(f"[cache]\n    dir = {shared}\n")
    listed = shared / "files/md5/zz"
    listed.write_text("somebody's")
    manifest = json.loads((damaged.root / "manifest.json").read_text())
    md5 = manifest["toy-total"]["files"][ROWS]["md5"]
    flip(shared / "files/md5" / md5[:2] / md5[2:])

    done = damaged.verify("--repair")

    ways = {one["path"]: one["way"] for one in done["repairs"]}
    assert ways == {str(shared / "files/md5" / md5[:2] / md5[2:]): "copied",
                    str(listed): "not repaired"}  # fmt: skip
    assert listed.read_text() == "somebody's"


def test_only_one_repair_at_a_time(damaged):
    """A second repair is refused with the name of the first."""
    script = (
        "import os, sys; from pathlib import Path; from harness.stage.hold import writing\n"
        "with writing(Path.cwd(), 'harness verify --repair'):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    first = subprocess.Popen(
        [sys.executable, "-c", script], cwd=damaged.root, env=damaged.toy.variables(),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    first.stdout.readline()

    second = damaged.toy.harness("verify", "--repair", check=1)
    first.communicate()

    assert f"(process {first.pid}" in second.stderr
    assert os.listdir(damaged.root / ".harness")
