"""What `harness verify` names, and on whom it falls."""

import os
import shutil
import socket

import pytest
from damage import TOTALS, VALUES, flip, overwrite

from harness.stage.filerecord import FileRecord
from harness.verification.finding import REPAIR


def test_object_corrupted_under_read_only_mode_is_found_though_dvc_calls_it_up_to_date(damaged):
    """A flipped bit under mode 0444 is named, with its stage and all that was built on it."""
    victim = damaged.object(f"{VALUES}/seed-0/values.npy")
    flip(victim)
    assert victim.stat().st_mode & 0o777 == 0o444
    assert "up to date" in damaged.toy.dvc("status", check=0).stdout

    (found,) = damaged.verify()["findings"]

    assert (found["where"], found["path"]) == ("cache", damaged.shown(victim))
    assert found["problem"] == "corrupt"
    assert found["stages"] == ["toy/numbers"]
    assert set(found["built_on_it"]) == {
        "toy/total", "toy/speed", "toy/table-totals", "toy/figure-dots", "harness/report"
    }  # fmt: skip


def test_what_happened_to_outputs_is_told_apart(damaged):
    """Each kind of damage has its own word; one verification names them all."""
    results, values = damaged.root / "results/smoke", damaged.root / VALUES
    (results / "toy/totals.md").write_text("")
    (results / "toy/totals.tex").unlink()
    overwrite(results / "coverage.json", (results / "coverage.json").read_bytes() + b"\0")
    overwrite(results / "REPORT.md", (results / "REPORT.md").read_bytes()[:-40])
    flip(results / "toy/dots/dots.png")
    shutil.copyfile(values / "seed-1/values.npy", values / "seed-0/values.npy")
    elsewhere = shutil.move(values / "seed-1/values.npy", damaged.root / "elsewhere")
    (values / "seed-1/values.npy").symlink_to(elsewhere)
    (values / "seed-1/manifest.json").unlink()
    (values / "seed-1/manifest.json").mkdir()
    (values / "seed-1/stray").write_text("?")
    (results / "toy/other.csv").write_text("a\n")

    found = damaged.problems()

    assert found == {
        ("output", "results/smoke/toy/totals.md"): "empty",
        ("output", "results/smoke/toy/totals.tex"): "missing",
        ("output", "results/smoke/coverage.json"): "longer",
        ("output", "results/smoke/REPORT.md"): "truncated",
        ("output", "results/smoke/toy/dots/dots.png"): "corrupt",
        ("output", f"{VALUES}/seed-0/values.npy"): "swapped",
        ("output", f"{VALUES}/seed-1/values.npy"): "link",
        ("output", f"{VALUES}/seed-1/manifest.json"): "folder",
        ("output", f"{VALUES}/seed-1/stray"): "foreign",
        ("output", "results/smoke/toy/other.csv"): "foreign",
    }


def test_what_happened_to_objects_is_told_apart(damaged):
    """Each kind of damage to the cache has its own word; an unused object of DVC is no finding."""
    one, other = (damaged.object(f"{VALUES}/seed-{seed}/values.npy") for seed in (0, 1))
    about = damaged.object(f"{VALUES}/seed-0/manifest.json")
    rows = damaged.object("artifacts/smoke/toy/total/rows.csv")
    listing = damaged.listing("toy-numbers", VALUES)
    cache = damaged.place("ab" * 16).parents[1]
    earlier, half = cache / "00" / ("0" * 30), cache / "ab" / ".x7Yq.tmp"
    overwrite(one, other.read_bytes())
    other.unlink()
    overwrite(about, b"")
    overwrite(rows, rows.read_bytes()[:-3])
    overwrite(listing, listing.read_bytes() + b"\n")
    for path in (earlier, half, cache / "note.txt"):
        path.parent.mkdir(exist_ok=True)
        path.write_text("left of an earlier run")

    found = damaged.verify()["findings"]
    said = {finding["path"]: finding["problem"] for finding in found}

    assert said == {
        damaged.shown(path): problem
        for path, problem in [
            (one, "swapped"), (other, "missing"), (about, "empty"), (rows, "truncated"),
            (listing, "longer"), (half, "unfinished"), (cache / "note.txt", "foreign"),
        ]
    }  # fmt: skip
    assert {finding["where"] for finding in found} == {"cache"}
    assert f"{VALUES}/seed-1/values.npy" in found[[*said].index(damaged.shown(one))]["detail"]


def test_object_of_two_stages_names_both(damaged):
    """A cache object that two stages rest on falls on both, and on all readers of either."""
    damaged.toy.edit(
        "specs/papers/toy.yaml",
        "  speed:\n",
        "  total-again:\n    step: toy.add_up\n    inputs: {numbers: numbers.values}\n"
        "    params: {name: plain}\n  speed:\n",
    )
    damaged.toy.harness("compile", check=0)
    damaged.toy.dvc("repro", "--single-item", "toy-total-again", check=0)
    flip(damaged.object("artifacts/smoke/toy/total/rows.csv"))

    found = damaged.verify()["findings"]
    (about,) = [finding for finding in found if finding["where"] == "cache"]

    assert sorted(about["stages"]) == ["toy/total", "toy/total-again"]
    assert "toy/table-totals" in about["built_on_it"]


def test_carriage_returns_of_git_are_equal_content_and_told_how_to_undo(damaged):
    """What git turned into CRLF is a finding of its own kind, whose remedy names autocrlf."""
    damaged.toy.git("config", "core.autocrlf", "true")
    (damaged.root / TOTALS).unlink()
    damaged.toy.git("checkout", "--", TOTALS)
    assert b"\r\n" in (damaged.root / TOTALS).read_bytes()

    (found,) = damaged.verify()["findings"]

    assert (found["path"], found["problem"]) == (TOTALS, "equal content, other bytes")
    assert "core.autocrlf false" in found["remedy"]


def test_picture_of_another_compression_is_equal_content(damaged):
    """The same pixels in other bytes are told apart from another picture."""
    from PIL import Image

    path = damaged.root / "results/smoke/toy/dots/dots.png"
    with Image.open(path) as picture:
        picture.load()
    picture.save(path, compress_level=1)

    (found,) = damaged.verify()["findings"]

    assert found["problem"] == "equal content, other bytes"
    assert found["remedy"] == REPAIR


def test_pipes_and_sockets_in_the_place_of_files_hold_nothing_up(damaged, monkeypatch):
    """A pipe or a socket in an output folder or the cache is named and never opened."""
    values = damaged.root / VALUES / "seed-0"
    (values / "values.npy").unlink()
    os.mkfifo(values / "values.npy")
    os.mkfifo(damaged.root / "results/smoke/toy/pipe")
    rows = damaged.object("artifacts/smoke/toy/total/rows.csv")
    rows.unlink()
    monkeypatch.chdir(rows.parent)  # the name of a socket must be short
    socket.socket(socket.AF_UNIX).bind(rows.name)

    found = damaged.toy.harness("verify", "--json", check=1, timeout=60)

    assert found.stdout.count('"special file"') == 2
    assert found.stdout.count('"foreign"') == 1


def test_names_that_a_terminal_would_obey_are_escaped(damaged):
    """A foreign file whose name holds escapes or is no UTF-8 is named without doing harm."""
    folder = os.fsencode(damaged.root / VALUES)
    for name in (b"\x1b[31mred", b"\xff\xfe"):
        with open(os.path.join(folder, name), "wb"):
            pass

    said = damaged.toy.harness("verify", check=1).stdout

    assert "\x1b" not in said
    assert "\\u001b[31mred" in said
    assert "\\udcff\\udcfe" in said


def test_links_of_dvc_itself_are_no_finding(damaged):
    """Where DVC keeps outputs as links to its cache, the linked bytes are read, once."""
    whole = damaged.verify(status=0)
    (damaged.root / ".dvc/config.local").write_text("[cache]\n    type = symlink\n")
    damaged.toy.dvc("checkout", "--relink", check=0)
    assert (damaged.root / VALUES / "seed-0/values.npy").is_symlink()

    linked = damaged.verify(status=0)

    kept = [*(damaged.root / "artifacts").rglob("*.*")]
    twice = sum(path.stat().st_size for path in kept if path.is_file())
    assert linked["bytes_read"] == whole["bytes_read"] - twice


@pytest.mark.parametrize("alter", ["dvc.lock", "manifest.json"])
def test_records_that_disagree_are_named(damaged, alter):
    """An output whole by one record and not by the other is a disagreement of the two."""
    table = damaged.root / TOTALS
    record = FileRecord.of(table)
    path = damaged.root / alter
    if alter == "dvc.lock":
        damaged.toy.edit(alter, record.md5, "0" * 32)
        expected = {("dvc.lock", TOTALS): "disagreement"}
    else:
        table.write_bytes(table.read_bytes().replace(b"plain", b"other"))
        damaged.toy.edit("dvc.lock", record.md5, FileRecord.of(table).md5)
        expected = {("dvc.lock", TOTALS): "disagreement", ("output", TOTALS): "corrupt"}

    assert path.exists()
    assert damaged.problems() == expected


def test_stage_without_a_record_is_named(damaged):
    """What the manifest or dvc.lock lacks is named with what to do; nothing is taken on trust."""
    manifest = damaged.root / "manifest.json"
    manifest.unlink()
    flip(damaged.root / "artifacts/smoke/toy/total/rows.csv")

    found = damaged.verify()["findings"]
    said = {(one["where"], one["path"]): (one["problem"], one["remedy"]) for one in found}

    assert said["manifest", "toy-numbers"] == ("unrecorded", "`harness repro` enters it")
    assert said["output", "artifacts/smoke/toy/total/rows.csv"][0] == "corrupt"
    assert len(found) == 7


def test_deleted_manifest_is_made_anew_without_running_a_stage(damaged):
    """The way back from a manifest of an older form ends with the committed bytes."""
    manifest = damaged.root / "manifest.json"
    manifest.write_text('{"a": {"files": {"x": "0"}, "cpu": "", "key": "", "environment": ""}}')
    refused = damaged.toy.harness("verify", check=1).stderr
    assert "manifest.json: of an older form" in refused
    assert "delete it and run `harness repro`" in refused
    manifest.unlink()

    damaged.toy.harness("repro", check=0)

    assert damaged.toy.git("status", "--porcelain") == ""
    damaged.verify(status=0)
