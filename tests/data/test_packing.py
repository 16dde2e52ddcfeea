from __future__ import annotations

import io
import tarfile

import pytest
from dataset_samples import pack, tar
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.data.packing import read_gzip, read_tar
from harness.errors import HarnessError

WANTED = {"set/a.bin": 1000}


def special(name, kind, target=""):
    """Return the header of a member that is no file."""
    header = tarfile.TarInfo(name)
    header.type, header.linkname = kind, target
    return header


def refusal(tmp_path, content, wanted=None):
    """Return why an archive is refused, which names the file and leaves nothing else."""
    path = tmp_path / "bad.tar.gz"
    path.write_bytes(content)
    with pytest.raises(HarnessError) as caught:
        read_tar(path, WANTED if wanted is None else wanted)
    assert str(path) in caught.value.message
    assert [file.name for file in tmp_path.iterdir()] == ["bad.tar.gz"]
    return caught.value.message


def test_the_wanted_members_are_read(tmp_path):
    """Members that nobody asked for are passed over."""
    path = tmp_path / "good.tar.gz"
    members = {"set": special("set", tarfile.DIRTYPE), "set/b.txt": b"b", "set/a.bin": b"a" * 1000}
    path.write_bytes(tar(members))

    assert read_tar(path, WANTED) == {"set/a.bin": b"a" * 1000}


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        ({"../a.bin": b"x"}, "points outside"),
        ({"set/../../a.bin": b"x"}, "points outside"),
        ({"set\\..\\a.bin": b"x"}, "points outside"),
        ({"/etc/passwd": b"x"}, "points outside"),
        ({"l": special("l", tarfile.SYMTYPE, "/etc/passwd")}, "is a link or a device"),
        ({"l": special("l", tarfile.LNKTYPE, "set/a.bin")}, "is a link or a device"),
        ({"d": special("d", tarfile.CHRTYPE)}, "is a link or a device"),
        ({"d": special("d", tarfile.FIFOTYPE)}, "is a link or a device"),
        ({f"m{i}": b"" for i in range(101)}, "more than 100 members"),
        ({"set/a.bin ": b"x"}, "has no member set/a.bin"),
    ],
)
def test_an_unsafe_archive_is_refused_as_a_whole(tmp_path, member, reason):
    """One unsafe member is enough, even when it is not wanted and the wanted one is there."""
    good = {} if "no member" in reason else {"set/a.bin": b"a" * 1000}

    assert reason in refusal(tmp_path, tar(good | member))


def test_a_member_that_is_too_long_is_refused(tmp_path):
    """A wanted member may have the size that the spec implies, and no byte more."""
    assert "has 1001 bytes, more than 1000" in refusal(tmp_path, tar({"set/a.bin": b"a" * 1001}))


def test_a_wanted_member_that_is_a_folder_is_refused(tmp_path):
    """A folder under the name of a file is not read as an empty file."""
    folder = {"set/a.bin": special("set/a.bin", tarfile.DIRTYPE)}

    assert "is not a file" in refusal(tmp_path, tar(folder))


def test_a_member_that_comes_twice_is_refused(tmp_path):
    """Which of two members counts is nobody's guess."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as file:
        for content in (b"1", b"2"):
            header = tarfile.TarInfo("set/a.bin")
            header.size = 1
            file.addfile(header, io.BytesIO(content))

    assert "twice" in refusal(tmp_path, pack(buffer.getvalue()))


def test_a_bomb_is_given_up_at_the_limit(tmp_path):
    """A small archive that unpacks to far more than the spec implies is refused."""
    bomb = tar({"set/big.txt": bytes(50_000_000), "set/a.bin": b"a"})

    assert len(bomb) < 100_000
    assert "unpacks to more than" in refusal(tmp_path, bomb)


def test_a_bomb_behind_the_last_member_is_given_up_at_the_limit(tmp_path):
    """Bytes behind tar's end mark count as well."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as file:
        header = tarfile.TarInfo("set/a.bin")
        file.addfile(header, io.BytesIO())

    assert "unpacks to more than" in refusal(tmp_path, pack(buffer.getvalue() + bytes(10**8)))


def test_a_header_that_claims_terabytes_is_refused(tmp_path):
    """An extended header is read into memory, but never past the limit."""
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 1 << 42
    content = header.tobuf(tarfile.GNU_FORMAT) + bytes(20_000_000)

    assert "unpacks to more than" in refusal(tmp_path, pack(content))


def test_nested_long_names_are_refused(tmp_path):
    """Headers that make the reader recurse are a damaged archive, not a crash."""
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 2
    one = header.tobuf(tarfile.GNU_FORMAT) + b"x\0".ljust(512, b"\0")

    assert "is damaged" in refusal(tmp_path, pack(one * 1000))


@pytest.mark.parametrize("keep", [0, 5, 100, -9, -1])
def test_a_truncated_archive_is_refused_at_any_length(tmp_path, keep):
    """However much of the archive is there, a part of it is no archive."""
    content = tar({"set/a.bin": bytes(range(250)) * 4})
    message = refusal(tmp_path, content[:keep])

    assert "is damaged" in message or "has no member" in message


def test_a_flipped_bit_is_noticed(tmp_path):
    """The checksum of gzip is read to the end, also behind the last wanted member."""
    content = bytearray(tar({"set/a.bin": b"a" * 1000, "set/z.txt": b"z" * 999}))
    content[-5] ^= 1

    assert "is damaged" in refusal(tmp_path, bytes(content))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (pack(b"12345"), "unpacks to more than the 4 bytes"),
        (pack(b"123"), "unpacks to 3 bytes instead of 4"),
        (pack(b"1234")[:-1], "is damaged"),
        (pack(b"1234") + b"x", "is damaged"),
        (b"1234", "is damaged"),
        (b"", "unpacks to 0 bytes"),
    ],
)
def test_a_gzip_file_must_hold_exactly_its_size(tmp_path, content, reason):
    """Too long, too short, cut, with a tail, not gzip and empty are told apart."""
    path = tmp_path / "bad.gz"
    path.write_bytes(content)
    with pytest.raises(HarnessError, match=reason):
        read_gzip(path, 4)


def test_a_gzip_bomb_is_given_up_at_the_limit(tmp_path):
    """No more than one byte past the expected size is unpacked."""
    path = tmp_path / "bomb.gz"
    path.write_bytes(pack(bytes(50_000_000)))
    with pytest.raises(HarnessError, match="more than the 4 bytes"):
        read_gzip(path, 4)


@settings(max_examples=150)
@given(st.binary(max_size=3000), st.booleans())
def test_garbage_never_raises_anything_else(tmp_path_factory, content, packed):
    """Any bytes, also behind a valid layer of gzip, give members or a HarnessError."""
    path = tmp_path_factory.mktemp("garbage") / "bad.tar.gz"
    path.write_bytes(pack(content) if packed else content)
    with pytest.raises(HarnessError):
        read_tar(path, WANTED)


@settings(max_examples=150)
@given(st.integers(0, 2047), st.integers(0, 255))
def test_a_changed_byte_never_raises_anything_else(tmp_path_factory, place, value):
    """One changed byte of a tar archive gives the member or a HarnessError."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as file:
        header = tarfile.TarInfo("set/a.bin")
        header.size = 1000
        file.addfile(header, io.BytesIO(b"a" * 1000))
    content = bytearray(buffer.getvalue())
    content[place] = value
    path = tmp_path_factory.mktemp("changed") / "bad.tar.gz"
    path.write_bytes(pack(bytes(content)))
    try:
        found = read_tar(path, WANTED)
    except HarnessError:
        return

    assert list(found) == ["set/a.bin"]
