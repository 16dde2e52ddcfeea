from __future__ import annotations

import gzip
import hashlib
import resource
from concurrent.futures import ThreadPoolExecutor

import pytest
from dataset_samples import GOOD, archive, dataset, idx_sample, leftovers, pack, sha256, write

from harness.data.fetch import obtain
from harness.errors import HarnessError

LAYOUT = {"kind": "cifar-binary", "label_bytes": 1, "train": ["a"], "test": ["b"]}


def quiet(_line):
    """Tell nobody."""


def with_mirrors(*urls, **fields):
    """Return a dataset of one archive, the bytes GOOD, at `urls`."""
    files = [archive("set.tar.gz", GOOD, urls=list(urls))]
    return dataset(source={"kind": "archives", "files": files}, format=LAYOUT, **fields)


def test_mirrors_are_tried_in_order_until_one_is_good(mirror, tmp_path):
    """The first good mirror is the last one that is asked."""
    urls = [mirror.url(f"{fault}/x") for fault in ("404", "other", "good", "500")]
    paths = obtain(with_mirrors(*urls), tmp_path, quiet, timeout=30)

    assert paths == {"set.tar.gz": tmp_path / "sample" / "set.tar.gz"}
    assert paths["set.tar.gz"].read_bytes() == GOOD
    assert mirror.asked == ["/404/x", "/other/x", "/good/x"]


def test_the_failure_names_every_mirror_and_why(mirror, tmp_path):
    """When no mirror is good, the message has each address with its own reason."""
    faults = {
        "404": "404 Not Found",
        "403": "403 Forbidden",
        "500": "500 Internal Server Error",
        "loop": "redirects without end",
        "stall": "no answer for 5 s",
        "short": "the connection broke before the end",
        "cut": f"1000 bytes instead of {len(GOOD)}",
        "other": f"sha256 {sha256(bytes(len(GOOD)))} instead of {sha256(GOOD)}",
    }
    urls = [mirror.url(fault) for fault in faults]
    with pytest.raises(HarnessError) as caught:
        obtain(with_mirrors(*urls), tmp_path, quiet, timeout=5)

    for url, reason in zip(urls, faults.values(), strict=True):
        assert f"{url}: {reason}" in caught.value.message
    assert caught.value.remedy.endswith("harness data adopt sample PATH")


def test_a_failed_fetch_leaves_nothing(mirror, tmp_path):
    """After a truncated body and a wrong hash there is no file that could be taken for good."""
    with pytest.raises(HarnessError):
        obtain(with_mirrors(mirror.url("cut"), mirror.url("other")), tmp_path, quiet, timeout=30)

    assert leftovers(tmp_path) == []


def test_what_is_here_is_not_fetched_again(mirror, tmp_path):
    """An archive that is here and right costs no request."""
    sample = with_mirrors(mirror.url("good"))
    obtain(sample, tmp_path, quiet, timeout=30)
    obtain(sample, tmp_path, quiet, timeout=30)

    assert mirror.asked == ["/good"]


def test_two_processes_at_once_fetch_once(mirror, tmp_path):
    """Whoever comes second waits for the lock and finds the archive there."""
    sample = with_mirrors(mirror.url("good"))
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(obtain, sample, tmp_path, quiet, timeout=30) for _ in range(2)]
        first, second = (job.result() for job in jobs)

    assert first == second
    assert mirror.asked == ["/good"]


def test_a_damaged_archive_is_fetched_again(mirror, tmp_path):
    """A file in the store with a flipped bit is replaced, not trusted."""
    sample = with_mirrors(mirror.url("good"))
    flipped = bytearray(GOOD)
    flipped[7] ^= 1
    write(tmp_path / "sample", {"set.tar.gz": bytes(flipped)})
    paths = obtain(sample, tmp_path, quiet, timeout=30)

    assert paths["set.tar.gz"].read_bytes() == GOOD


def test_remains_of_a_killed_fetch_are_removed(mirror, tmp_path):
    """A part that a killed process left behind is gone after the next fetch."""
    write(tmp_path / "sample" / ".partial-old", {"set.tar.gz": b"half"})
    obtain(with_mirrors(mirror.url("good")), tmp_path, quiet, timeout=30)

    assert leftovers(tmp_path) == ["sample/set.tar.gz"]


def test_md5_is_an_identity_where_no_sha256_is_known(mirror, tmp_path):
    """An archive with an MD5 alone is accepted by it, and refused by it."""
    entry = archive("set.tar.gz", GOOD, urls=[mirror.url("other"), mirror.url("good")])
    entry |= {"sha256": None, "md5": "3c0c9a4c5f27cc0d2b0f7f0a3f2b2c2b"}
    sample = dataset(source={"kind": "archives", "files": [entry]}, format=LAYOUT)
    with pytest.raises(HarnessError, match=r"md5 .* instead of 3c0c9a4c"):
        obtain(sample, tmp_path, quiet, timeout=30)

    entry |= {"md5": hashlib.md5(GOOD, usedforsecurity=False).hexdigest()}
    sample = dataset(source={"kind": "archives", "files": [entry]}, format=LAYOUT)

    assert obtain(sample, tmp_path, quiet, timeout=30)["set.tar.gz"].read_bytes() == GOOD


def test_a_file_that_was_packed_again_is_accepted_by_its_content(tmp_path):
    """Other bytes of gzip around the same content are the same file."""
    sample, files = idx_sample()
    again = {name: pack(gzip.decompress(content), stamp=99) for name, content in files.items()}
    write(tmp_path / "sample", again)
    paths = obtain(sample, tmp_path, quiet)

    assert again != files
    assert set(paths) == set(files)


def test_a_manual_dataset_names_the_command(tmp_path):
    """A missing manual dataset says where to get it and the exact command that adopts it."""
    sample = with_mirrors(access="manual")
    with pytest.raises(HarnessError) as caught:
        obtain(sample, tmp_path, quiet)

    assert "sample/set.tar.gz: missing" in caught.value.message
    assert caught.value.remedy == (
        "get them from https://example.org/sample, then run: harness data adopt sample FOLDER"
    )
    assert leftovers(tmp_path) == []


def test_a_place_that_cannot_be_written_is_named(mirror, tmp_path):
    """A file where the store's folder should be gives a message with that path."""
    (tmp_path / "sample").write_text("in the way")
    with pytest.raises(HarnessError, match="sample: cannot be written"):
        obtain(with_mirrors(mirror.url("good")), tmp_path, quiet, timeout=30)


def test_a_full_disk_is_no_fault_of_the_mirror(mirror, tmp_path):
    """When the file cannot be written the message names it, and no mirror is blamed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(GOOD) // 2, hard))
    try:
        with pytest.raises(HarnessError, match=r"set.tar.gz: cannot be written: .*too large"):
            obtain(with_mirrors(mirror.url("good"), mirror.url("404")), tmp_path, quiet, timeout=30)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert mirror.asked == ["/good"]
    assert leftovers(tmp_path) == []
