from __future__ import annotations

import io
import stat
import struct
import tracemalloc
import warnings
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scene_samples import zipped

from harness.data.zipped import opened, pack
from harness.errors import HarnessError


def special(name, mode):
    """Return the header of a member of some kind of file."""
    header = zipfile.ZipInfo(name)
    header.create_system = 3
    header.external_attr = mode << 16
    return header


def examine(path, read, limit):
    """Open an archive and read its member `read`, unless that is None."""
    with opened(path) as archive:
        if read:
            archive.read(read, limit)


def refusal(tmp_path, content, read=None, limit=1000):
    """Return why an archive, or its member `read`, is refused; the message names the file."""
    path = tmp_path / "bad.zip"
    path.write_bytes(content)
    with pytest.raises(HarnessError) as caught:
        examine(path, read, limit)
    assert str(path) in caught.value.message
    assert [file.name for file in tmp_path.iterdir()] == ["bad.zip"]
    return caught.value.message


@pytest.mark.parametrize("way", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_read_by_name(tmp_path, way):
    """Stored or deflated; folders are no members to read."""
    path = tmp_path / "good.zip"
    path.write_bytes(zipped({"set/": b"", "set/a.png": b"a" * 1000, "b": b""}, way))
    with opened(path) as archive:
        assert sorted(archive.members) == ["b", "set/a.png"]
        assert archive.read("set/a.png", 1000) == b"a" * 1000
        assert archive.read("b", 0) == b""


def test_a_member_may_be_longer_than_the_list_of_members(tmp_path):
    """What is bounded is the list; a member has a limit of its own."""
    path = tmp_path / "good.zip"
    path.write_bytes(zipped({"a": bytes(9_000_000)}))
    with opened(path) as archive:
        assert archive.read("a", 9_000_000) == bytes(9_000_000)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"../a.png": b"x"}, "points outside"),
        ({"set/../../a.png": b"x"}, "points outside"),
        ({"/etc/passwd": b"x"}, "points outside"),
        ({"set\\..\\..\\a.png": b"x"}, "points outside"),
        ({"l": special("l", stat.S_IFLNK | 0o777)}, "is a link or a device"),
        ({"p": special("p", stat.S_IFIFO | 0o666)}, "is a link or a device"),
        ({"d": special("d", stat.S_IFCHR | 0o666)}, "is a link or a device"),
    ],
)
def test_an_unsafe_archive_is_refused_as_a_whole(tmp_path, members, reason):
    """One unsafe member is enough, whoever wants it."""
    assert reason in refusal(tmp_path, zipped({"good.png": b"x"} | members))


def test_a_member_that_comes_twice_is_refused(tmp_path):
    """Which of two members counts is nobody's guess."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as file:
        warnings.simplefilter("ignore")
        file.writestr("a", b"1")
        file.writestr("a", b"2")

    assert "has member 'a' twice" in refusal(tmp_path, buffer.getvalue())


def test_a_rare_way_of_packing_is_refused(tmp_path):
    """Only what every zip tool writes is unpacked."""
    content = zipped({"a": b"x" * 99}, zipfile.ZIP_LZMA)

    assert "packed in a rare way" in refusal(tmp_path, content)


def test_an_encrypted_member_is_refused(tmp_path):
    """A flag in the list of members is enough."""
    content = bytearray(zipped({"a": b"x"}))
    place = content.index(b"PK\x01\x02") + 8
    content[place] |= 1

    assert "is encrypted" in refusal(tmp_path, bytes(content))


def test_a_member_that_is_too_long_is_not_unpacked(tmp_path):
    """A bomb is refused by its claim, before a byte of it is unpacked."""
    content = zipped({"a": bytes(50_000_000)}, zipfile.ZIP_DEFLATED)
    tracemalloc.start()
    try:
        message = refusal(tmp_path, content, "a")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert "member 'a' has 50000000 bytes, more than 1000" in message
    assert peak < 10_000_000


def test_a_member_that_lies_about_its_size_is_refused(tmp_path):
    """A bomb that claims to be short is read no further than its claim."""
    content = bytearray(zipped({"a": bytes(50_000_000)}, zipfile.ZIP_DEFLATED))
    place = content.index(b"PK\x01\x02") + 24
    content[place : place + 4] = struct.pack("<I", 900)

    assert "is damaged: member 'a'" in refusal(tmp_path, bytes(content), "a")


def test_a_flipped_bit_is_noticed(tmp_path):
    """Each member has a checksum."""
    content = bytearray(zipped({"a": b"x" * 500}))
    content[200] ^= 1

    assert "is damaged: member 'a': Bad CRC-32" in refusal(tmp_path, bytes(content), "a")


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06", b"x" * 4000, b"\x1f\x8b\x08" + bytes(99)])
def test_what_is_no_zip_file_is_refused(tmp_path, content):
    """Nothing, the beginning of one, text and gzip."""
    assert "is damaged" in refusal(tmp_path, content)


@pytest.mark.parametrize("keep", [1, 30, 60, -1, -22, -60])
def test_a_truncated_archive_is_refused(tmp_path, keep):
    """The list of members is at the end: a download that broke off has none."""
    assert "is damaged" in refusal(tmp_path, zipped({"a": b"x" * 40})[:keep])


def test_a_list_without_end_is_not_read(tmp_path):
    """An archive that claims a list of 100 MB of members is refused, whatever it holds."""
    size = 100_000_000
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1, 1, size, 0, 0)
    path = tmp_path / "bad.zip"
    with path.open("wb") as file:
        file.truncate(size)
        file.seek(size)
        file.write(end)
    tracemalloc.start()
    try:
        with pytest.raises(HarnessError, match="list of members has 100000000 bytes"):
            opened(path).__enter__()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 20_000_000


def test_a_file_that_is_not_there_is_told(tmp_path):
    """A missing file and a folder are no traceback."""
    with pytest.raises(HarnessError, match="cannot be read: No such file"):
        opened(tmp_path / "missing.zip").__enter__()
    with pytest.raises(HarnessError, match="cannot be read: Is a directory"):
        opened(tmp_path).__enter__()


def test_the_same_files_pack_to_the_same_bytes(tmp_path):
    """Neither the order nor the times nor the modes of the files count."""
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
        for name in ("b", "a"):
            (folder / name).write_bytes(name.encode() * 9)
    (two / "a").chmod(0o600)
    pack({"x/b": one / "b", "x/a": one / "a"}, tmp_path / "1.zip")
    pack({"x/a": two / "a", "x/b": two / "b"}, tmp_path / "2.zip")

    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()
    with opened(tmp_path / "1.zip") as archive:
        assert list(archive.members) == ["x/a", "x/b"]
        assert archive.read("x/a", 9) == b"a" * 9


@settings(max_examples=150)
@given(st.integers(0, 400), st.integers(0, 255))
def test_a_changed_byte_never_raises_anything_else(tmp_path_factory, place, value):
    """One changed byte gives members or a HarnessError."""
    content = bytearray(zipped({"set/a": b"a" * 50, "b": b"b" * 9}, zipfile.ZIP_DEFLATED))
    content[place % len(content)] = value
    path = tmp_path_factory.mktemp("changed") / "bad.zip"
    path.write_bytes(bytes(content))
    said = ""
    try:
        with opened(path) as archive:
            for name in archive.members:
                archive.read(name, 1000)
    except HarnessError as error:
        said = error.message

    assert not said or str(path) in said
