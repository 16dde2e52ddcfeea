from __future__ import annotations

import pytest
from dataset_samples import idx_sample, leftovers, write

from harness.data.adopt import adopt
from harness.data.fetch import obtain
from harness.errors import HarnessError


def test_a_folder_is_adopted_and_then_obtained_without_a_mirror(tmp_path):
    """After adopting a folder with all archives nothing needs to be fetched."""
    sample, files = idx_sample(access="manual")
    given = write(tmp_path / "given", files)
    names = adopt(sample, tmp_path / "downloads", given)
    paths = obtain(sample, tmp_path / "downloads", print)

    assert names == list(files)
    assert {name: path.read_bytes() for name, path in paths.items()} == files
    assert leftovers(given) == sorted(files)


def test_one_file_is_adopted_by_its_bytes_under_any_name(tmp_path):
    """A file that a browser has renamed is recognised by its checksum."""
    sample, files = idx_sample()
    given = write(tmp_path, {"download (1).gz": files["t10k-labels.gz"]})
    names = adopt(sample, tmp_path / "downloads", given / "download (1).gz")

    assert names == ["t10k-labels.gz"]


def test_nothing_is_adopted_when_one_archive_is_wrong(tmp_path):
    """A folder with one wrong archive is refused by that file's name, and nothing is copied."""
    sample, files = idx_sample()
    given = write(tmp_path / "given", files | {"train-images.gz": b"short"})
    with pytest.raises(HarnessError, match=r"train-images.gz: 5 bytes instead of"):
        adopt(sample, tmp_path / "downloads", given)

    assert leftovers(tmp_path / "downloads") == []


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("empty", "holds none of train-images.gz"),
        ("other.gz", "neither by its name nor by its bytes"),
        ("missing", "neither a file nor a folder"),
    ],
)
def test_a_path_without_an_archive_is_refused(tmp_path, path, message):
    """An empty folder, another file and no file each get a message of their own."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "other.gz").write_bytes(b"another file")
    sample, _ = idx_sample()
    with pytest.raises(HarnessError, match=message):
        adopt(sample, tmp_path / "downloads", tmp_path / path)
