"""Putting recorded bytes back: whole, right, or not at all."""

import resource

import pytest

from harness.stage.filerecord import FileRecord
from harness.verification.restoring import OUTPUT_MODE, OtherBytesError, Restoring


@pytest.fixture
def right(tmp_path):
    """Give a file with the bytes on record."""
    path = tmp_path / "right"
    path.write_bytes(b"as recorded")
    return path


def test_source_with_other_bytes_changes_nothing(tmp_path, right):
    """A source that changed after it was verified leaves the place as it was, and no draft."""
    record, place = FileRecord.of(right), tmp_path / "out" / "place"
    place.parent.mkdir()
    place.write_bytes(b"damaged")
    right.write_bytes(b"as rEcorded")

    with pytest.raises(OtherBytesError):
        Restoring(tmp_path).from_file(right, place, record, OUTPUT_MODE)

    assert place.read_bytes() == b"damaged"
    assert list((tmp_path / ".harness/repair").iterdir()) == []


def test_restored_file_has_bytes_and_mode(tmp_path, right):
    """A file is restored into folders that are made for it, with the mode that was asked for."""
    place = tmp_path / "new" / "folder" / "place"

    Restoring(tmp_path).from_file(right, place, FileRecord.of(right), 0o444)

    assert place.read_bytes() == b"as recorded"
    assert place.stat().st_mode & 0o777 == 0o444


def test_git_restores_only_the_bytes_on_record(damaged):
    """A commit with other bytes, or without the file, is no source."""
    table = damaged.root / "results/smoke/toy/totals.csv"
    record, content = FileRecord.of(table), table.read_bytes()
    table.write_bytes(b"edited")
    restoring = Restoring(damaged.root)

    assert restoring.from_git("results/smoke/toy/totals.csv", record)
    assert table.read_bytes() == content
    table.write_bytes(b"edited")
    damaged.toy.commit()
    assert not restoring.from_git("results/smoke/toy/totals.csv", record)
    assert not restoring.from_git("results/smoke/toy/nothing.csv", record)
    assert table.read_bytes() == b"edited"


def test_disk_that_takes_no_more_is_told_and_changes_nothing(damaged):
    """A repair that cannot write says so for each file, without a traceback, and with status 1."""
    damaged.verify("--repair", status=0)  # keeps its copy of dvc.lock, which is larger
    victim = damaged.root / "results/smoke/toy/dots/dots.png"
    victim.write_bytes(b"damaged")
    before = damaged.state()

    done = damaged.toy.harness(
        "verify", "--repair", check=1,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
    )  # fmt: skip

    assert "dots.png: truncated: not repaired: File too large; raise the limit" in done.stdout
    assert "Traceback" not in done.stderr
    assert damaged.state() == before
