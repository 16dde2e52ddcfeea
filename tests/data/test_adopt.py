from __future__ import annotations

import os

import pytest
from dataset_samples import idx_sample, leftovers, sha256, write
from scene_samples import (
    cityscapes,
    cityscapes_files,
    framed,
    railsem19,
    railsem19_files,
    tfrecord,
    tfrecord_sample,
    unpacked,
    zipped,
)

from harness.data.adopt import adopt
from harness.data.fetch import obtain
from harness.data.zipped import opened
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
    ("path", "message", "remedy"),
    [
        ("empty", "holds none of train-images.gz", "to be had from https://"),
        ("other.gz", "neither by its name nor by its bytes", "to be had from https://"),
        ("missing", "neither a file nor a folder", "the folder that holds the archives"),
    ],
)
def test_a_path_without_an_archive_is_refused(tmp_path, path, message, remedy):
    """An empty folder, another file and no file each get a message and a remedy of their own."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "other.gz").write_bytes(b"another file")
    sample, _ = idx_sample()
    with pytest.raises(HarnessError, match=message) as caught:
        adopt(sample, tmp_path / "downloads", tmp_path / path)

    assert remedy in caught.value.remedy


UNKNOWN = {"cityscapes": cityscapes, "railsem19": railsem19, "tfrecord": tfrecord_sample}


@pytest.mark.parametrize("name", UNKNOWN)
def test_archives_of_unknown_bytes_are_adopted_by_their_layout(tmp_path, name):
    """What is adopted is copied as it is, with its own digest, and obtained from then on."""
    sample, files = UNKNOWN[name]()
    names = adopt(sample, tmp_path / "downloads", write(tmp_path / "given", files))
    paths = obtain(sample, tmp_path / "downloads", print)

    assert names == list(files)
    assert {one: path.read_bytes() for one, path in paths.items()} == files
    for one, path in paths.items():
        assert path.with_name(f"{one}.sha256").read_text() == f"{sha256(files[one])}\n"


def test_an_archive_that_changed_since_its_adoption_is_refused(tmp_path):
    """The digest of its adoption holds: a flipped bit is found before anything is read."""
    sample, files = railsem19()
    adopt(sample, tmp_path, write(tmp_path / "given", files))
    path = tmp_path / "railsem19" / "rs19_val.zip"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(HarnessError, match="was not adopted, or has changed since") as caught:
        obtain(sample, tmp_path, print)

    assert "harness data adopt railsem19 FOLDER" in caught.value.remedy


def test_an_archive_that_somebody_copied_there_is_no_adopted_one(tmp_path):
    """A file of unknown bytes counts only once its layout has been looked at."""
    sample, files = railsem19()
    write(tmp_path / "railsem19", files)
    with pytest.raises(HarnessError, match="was not adopted"):
        obtain(sample, tmp_path, print)
    (tmp_path / "railsem19" / "rs19_val.zip.sha256").write_bytes(b"\xff")
    with pytest.raises(HarnessError, match="was not adopted"):
        obtain(sample, tmp_path, print)


def test_the_archives_of_a_set_may_be_adopted_one_by_one(tmp_path):
    """The second one is missing until it comes."""
    sample, files = cityscapes()
    given = write(tmp_path / "given", files)
    for name in files:
        with pytest.raises(HarnessError, match=f"{name}: missing"):
            obtain(sample, tmp_path / "downloads", print)
        assert adopt(sample, tmp_path / "downloads", given / name) == [name]

    assert list(obtain(sample, tmp_path / "downloads", print)) == list(files)


def test_an_unpacked_folder_is_packed(tmp_path):
    """Only the files of the layout are taken, and the same folder gives the same archive twice."""
    sample, _ = railsem19()
    folder = unpacked(tmp_path / "given", railsem19_files())
    (folder / "jpgs/rs19_val/Thumbs.db").write_bytes(b"not read")
    for downloads in ("one", "two"):
        assert adopt(sample, tmp_path / downloads, folder) == ["rs19_val.zip"]
    one, two = (tmp_path / name / "railsem19" / "rs19_val.zip" for name in ("one", "two"))
    with opened(one) as archive:
        names = list(archive.members)

    assert one.read_bytes() == two.read_bytes()
    assert names == sorted(name for name in railsem19_files() if name.endswith((".jpg", ".png")))
    assert list(obtain(sample, tmp_path / "one", print)) == ["rs19_val.zip"]


def test_one_unpacked_archive_of_two_is_adopted(tmp_path):
    """A folder with the masks alone is a part of the set."""
    sample, _ = cityscapes()
    folder = unpacked(tmp_path / "given", cityscapes_files()["gtFine_trainvaltest.zip"])

    assert adopt(sample, tmp_path / "downloads", folder) == ["gtFine_trainvaltest.zip"]


def few(count):
    """Return the zip file of a RailSem19 with so many images."""
    return zipped(railsem19_files(count))


@pytest.mark.parametrize(
    ("maker", "name", "content", "reason"),
    [
        (railsem19, "rs19_val.zip", few(9), "has 9 files jpgs/rs19_val/….jpg, the spec says 10"),
        (railsem19, "rs19_val.zip", few(10)[:-30], "is damaged"),
        (railsem19, "rs19_val.zip", b"", "is damaged"),
        (railsem19, "rs19_val.zip", zipped({"x": b""}), "has 0 files jpgs/rs19_val/….jpg"),
        (tfrecord_sample, "val_fine-00000-of-00001.tfrecord", b"", "holds no record"),
        (
            tfrecord_sample,
            "val_fine-00000-of-00001.tfrecord",
            tfrecord([5])[:-1],
            "record 0 ends early: the file is cut off",
        ),
        (
            tfrecord_sample,
            "val_fine-00000-of-00001.tfrecord",
            framed(bytes(10**5)).replace(b"\xa0\x86", b"\xa0\x87", 1),
            "record 0 has a length with a wrong checksum",
        ),
    ],
)
def test_a_file_of_another_layout_is_not_adopted(tmp_path, maker, name, content, reason):
    """Too few pictures, a broken download and nothing are told, and nothing is kept."""
    sample, _ = maker()
    given = write(tmp_path / "given", {name: content})
    with pytest.raises(HarnessError) as caught:
        adopt(sample, tmp_path / "downloads", given)

    assert caught.value.message.startswith(
        f"{sample.dataset}: not what the spec names:\n  {given / name}: {reason}"
    )
    assert leftovers(tmp_path / "downloads") == []


def test_a_folder_that_lacks_a_picture_is_not_adopted(tmp_path):
    """An unpacked folder is checked as an archive is."""
    sample, _ = railsem19()
    folder = unpacked(tmp_path / "given", railsem19_files(9))
    with pytest.raises(HarnessError, match=r"has 9 files jpgs/rs19_val/….jpg, the spec says 10"):
        adopt(sample, tmp_path / "downloads", folder)

    assert leftovers(tmp_path / "downloads") == []


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_folder_with_links_or_devices_is_not_adopted(tmp_path, kind):
    """A link may lead to a secret and a pipe never ends: neither is packed."""
    sample, _ = railsem19()
    folder = unpacked(tmp_path / "given", railsem19_files())
    path = folder / "jpgs/rs19_val/rs00003.jpg"
    path.unlink()
    path.symlink_to("/etc/passwd") if kind == "link" else os.mkfifo(path)
    with pytest.raises(HarnessError, match=r"rs00003\.jpg: is a link or a device, not a file"):
        adopt(sample, tmp_path / "downloads", folder)

    assert leftovers(tmp_path / "downloads") == []


def test_a_folder_with_nothing_of_the_set_lists_what_it_may_hold(tmp_path):
    """The message has the archives' names and the folders that would do."""
    with pytest.raises(HarnessError) as caught:
        adopt(railsem19()[0], tmp_path / "downloads", tmp_path)

    assert caught.value.message == (
        f"{tmp_path}: holds none of rs19_val.zip, "
        "nor a folder jpgs/rs19_val or uint8/rs19_val"
    )  # fmt: skip


def test_a_renamed_file_of_unknown_bytes_is_not_guessed(tmp_path):
    """Any shard looks like any other: only its name tells which it is."""
    sample, files = tfrecord_sample()
    path = tmp_path / "shard.tfrecord"
    path.write_bytes(next(iter(files.values())))
    with pytest.raises(HarnessError, match="neither by its name nor by its bytes"):
        adopt(sample, tmp_path / "downloads", path)
