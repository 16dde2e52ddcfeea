"""Hashing files: each once, whatever it is, and as `sha256sum` has it."""

import hashlib
import io
import os
import pty
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.verification.progress import Progress
from harness.verification.reading import read_all
from harness.verification.tree import look


def files(folder):
    """Return what lies in a folder, by name."""
    return dict(look(folder, "", folder))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Give a folder that the examples of a property share."""
    return tmp_path_factory.mktemp("reading")


@settings(max_examples=25)
@given(st.lists(st.binary(max_size=50), max_size=8), st.integers(1, 3))
def test_digests_are_those_of_the_bytes(folder, contents, jobs):
    """Every file has the digests of its bytes, however many threads read."""
    for number, content in enumerate(contents):
        (folder / str(number)).write_bytes(content)
    seen = [files(folder)[str(number)] for number in range(len(contents))]

    reads = read_all([(one, name) for one in seen for name in ("sha256", "md5")], jobs, Progress())

    for one, content in zip(seen, contents, strict=True):
        read = reads[one.inode]
        assert read.size == len(content)
        assert read.digest("sha256") == hashlib.sha256(content).hexdigest()
        assert read.digest("md5") == hashlib.md5(content, usedforsecurity=False).hexdigest()


def test_large_file_is_read_in_pieces(tmp_path):
    """A file of more than one piece, and not a multiple of it, has its digest."""
    content = bytes(range(256)) * 5000 + b"end"
    (tmp_path / "large").write_bytes(content)
    (one,) = files(tmp_path).values()

    reads = read_all([(one, "sha256")], 1, Progress())

    assert reads[one.inode].digest("sha256") == hashlib.sha256(content).hexdigest()


def test_two_names_of_one_file_are_read_once(tmp_path):
    """A hard link costs no second reading, and both names have all digests."""
    (tmp_path / "a").write_bytes(b"12345")
    os.link(tmp_path / "a", tmp_path / "b")
    seen = files(tmp_path)

    reads = read_all([(seen["a"], "sha256"), (seen["b"], "md5")], 2, Progress())

    assert [read.size for read in reads.values()] == [5]
    assert set(reads[seen["b"].inode].digests) == {"sha256", "md5"}


def test_file_that_the_disk_does_not_give_is_unreadable():
    """An error while reading is told in the system's words, and the others are read."""
    place = Path("/proc/self/mem")  # a regular file whose first page cannot be read
    (one,) = dict(look(place, "mem", place.parent)).values()

    reads = read_all([(one, "sha256")], 1, Progress())

    assert reads[one.inode].fault == "Input/output error"
    assert reads[one.inode].digest("sha256") == ""


@pytest.mark.parametrize("swap", ["fifo", "gone", "link"])
def test_file_that_is_replaced_meanwhile_holds_nothing_up(tmp_path, swap):
    """A pipe or link that takes a file's place after it was seen is a fault, and not opened."""
    path = tmp_path / "a"
    path.write_text("1")
    (one,) = files(tmp_path).values()
    path.unlink()
    if swap == "fifo":
        os.mkfifo(path)
    elif swap == "link":
        path.symlink_to("/etc/passwd")

    reads = read_all([(one, "sha256")], 1, Progress())

    assert reads[one.inode].fault
    assert reads[one.inode].digests is None


def test_progress_is_shown_on_a_terminal_and_cleared():
    """On a terminal the share of the bytes is shown and wiped out at the end."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        progress = Progress(terminal)
        progress.begin(200_000_000)
        progress.add(50_000_000)
        progress.show()
        progress.end()
    said = os.read(ours, 1000).decode()
    os.close(ours)

    assert said.startswith("\r25 % of 200 MB")
    assert said.endswith("\r" + " " * len("25 % of 200 MB") + "\r")


def test_progress_is_silent_elsewhere():
    """A log has no line of progress in it."""
    stream = io.StringIO()
    progress = Progress(stream)
    progress.begin(10)
    progress.add(5)
    progress.show()
    progress.end()

    assert stream.getvalue() == ""


def test_links_are_not_followed(tmp_path):
    """A link to a folder is one link, and what lies behind it is not looked at."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real/file").write_text("1")
    (tmp_path / "round").symlink_to(tmp_path)

    found = look(tmp_path, "", tmp_path / "cache")

    kinds = {name: seen.kind for name, seen in found}
    assert kinds == {"real/file": "file", "round": "link"}
