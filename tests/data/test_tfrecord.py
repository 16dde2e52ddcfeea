from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scene_samples import HEIGHT, WIDTH, crc, example, field, framed, mask, photo, png, record

from harness.data import tfrecord
from harness.data.crc32c import crc32c
from harness.data.example import features
from harness.data.picture import decode_image, decode_mask
from harness.errors import HarnessError
from harness.spec.layout import Image

WRITTEN = Path(__file__).with_name("written_by_tensorflow.tfrecord")
"""Three records that TensorFlow 2.21 wrote: the pictures 0, 1 and 2 of `scene_samples`."""

IMAGE = Image(height=HEIGHT, width=WIDTH, channels=3, maximum=255)


@pytest.mark.parametrize(
    ("content", "checksum"),
    [
        (b"", 0),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
    ],
)
def test_checksums_are_those_of_the_standard(content, checksum):
    """The check value of the catalogue of CRCs and the examples of RFC 3720 come out."""
    assert crc32c(content) == checksum


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.integers(0, 5000))
def test_lanes_give_what_reading_bit_by_bit_gives(seed, size):
    """The fast way through long contents agrees with the definition at any length."""
    content = np.random.Generator(np.random.PCG64(seed)).bytes(size)

    assert crc32c(content) == crc(content)
    assert crc32c(memoryview(content)) == crc(content)


@pytest.mark.parametrize("size", [511, 512, 513, 1023, 1024, 1025, 16384, 16385])
def test_lanes_agree_at_their_borders(size):
    """Lengths around a lane and a power of two of lanes are no exception."""
    content = bytes(range(251)) * (size // 251 + 1)

    assert crc32c(content[:size]) == crc(content[:size])


def read(path):
    """Return the contents of all records."""
    with path.open("rb") as file:
        return [
            tfrecord.content(path, file, place, number)
            for number, place in enumerate(tfrecord.places(path, 10**6))
        ]


def test_what_tensorflow_wrote_is_read():
    """Framing, checksums, messages and pictures of a file that was written by others."""
    contents = read(WRITTEN)

    assert len(contents) == 3
    for number, content in enumerate(contents):
        values = features("x", content)
        (image,), (labels,) = values["image/encoded"], values["image/segmentation/class/encoded"]
        assert values["image/filename"] == (f"town_00000{number}_000019".encode(),)
        assert values["image/height"] == (HEIGHT,)
        assert values["image/channels"] == (3,)
        np.testing.assert_array_equal(decode_image("x", image, IMAGE), photo(number))
        np.testing.assert_array_equal(decode_mask("x", labels, IMAGE), mask(number))


def test_the_writer_of_these_tests_frames_as_tensorflow_does():
    """The stand-ins of other tests are framed byte by byte as the file that others wrote."""
    assert b"".join(framed(content) for content in read(WRITTEN)) == WRITTEN.read_bytes()


def test_the_messages_of_these_tests_are_those_of_tensorflow():
    """The stand-ins hold the same values under the same names, whatever their order."""
    theirs, ours = (features("x", one) for one in (read(WRITTEN)[1], example(record(1))))
    pictures = {"image/encoded", "image/segmentation/class/encoded"}  # packed by other encoders

    assert theirs.keys() == ours.keys()
    assert {key: theirs[key] for key in theirs.keys() - pictures} == {
        key: ours[key] for key in ours.keys() - pictures
    }


def test_places_tell_where_contents_are(tmp_path):
    """An empty record counts, and nothing of a content is needed."""
    path = tmp_path / "a.tfrecord"
    path.write_bytes(framed(b"one") + framed(b"") + framed(b"three"))

    assert [place.size for place in tfrecord.places(path, 5)] == [3, 0, 5]
    assert read(path) == [b"one", b"", b"three"]


GOOD = framed(b"first") + framed(b"x" * 600)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (GOOD[:-1], "record 1 ends early: the file is cut off"),
        (GOOD[:24], "record 1 ends early"),
        (GOOD[:3], "record 0 ends early"),
        (GOOD + b"\n", "record 2 ends early"),
        (b"\x06" + GOOD[1:], "record 0 has a length with a wrong checksum, at byte 0"),
        (framed(b"y" * 1001), "record 0 has 1001 bytes, more than the 1000"),
        (struct.pack("<Q", 2**63) + bytes(20), "record 0 has a length with a wrong checksum"),
        (GOOD[:16] + b"\0" + GOOD[17:], "record 0 does not have the content of its checksum"),
        (GOOD[:-10] + b"\0" + GOOD[-9:], "record 1 does not have the content of its checksum"),
        (GOOD[:-1] + b"\0", "record 1 does not have the content of its checksum"),
    ],
)
def test_a_damaged_file_is_refused_by_its_record(tmp_path, content, reason):
    """The message has the file and the number of the record that is wrong."""
    path = tmp_path / "bad.tfrecord"
    path.write_bytes(content)

    def everything():
        with path.open("rb") as file:
            for number, place in enumerate(tfrecord.places(path, 1000)):
                tfrecord.content(path, file, place, number)

    with pytest.raises(HarnessError, match=f"{path}: {reason}"):
        everything()


def test_a_file_that_shrinks_while_it_is_read_is_refused(tmp_path):
    """What was there when the file was looked through may be gone."""
    path = tmp_path / "a.tfrecord"
    path.write_bytes(GOOD)
    place = tfrecord.places(path, 1000)[1]
    path.write_bytes(GOOD[:100])
    with path.open("rb") as file, pytest.raises(HarnessError, match="record 1 ends early"):
        tfrecord.content(path, file, place, 1)


def entry(name: bytes, feature: bytes) -> bytes:
    """Return a message with one feature."""
    return field(1, field(1, field(1, name) + field(2, feature)))


@pytest.mark.parametrize(
    ("message", "values"),
    [
        (b"", {}),
        (entry(b"a", b""), {"a": ()}),
        (entry(b"a", field(1, b"")), {"a": ()}),
        (entry(b"a", field(1, field(1, b"x") + field(1, b""))), {"a": (b"x", b"")}),
        (entry(b"a", field(3, field(1, b"\x05\x80\x01"))), {"a": (5, 128)}),
        (entry(b"a", field(3, field(1, 5) + field(1, 2**64 - 1))), {"a": (5, 2**64 - 1)}),
        (entry(b"a", field(2, field(1, bytes(8)))), {"a": ()}),
        (field(7, b"unknown") + entry(b"a", field(1, field(1, b"x"))), {"a": (b"x",)}),
        (b"\x79" + bytes(8) + b"\x7d" + bytes(4), {}),
        (entry("größe".encode(), field(3, field(1, 1))), {"größe": (1,)}),
    ],
)
def test_a_message_is_read_by_its_names(message, values):
    """Empty lists, packed and single numbers, unknown fields and fixed widths are all legal."""
    assert features("x", message) == values


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"\x0a", "a number ends early"),
        (b"\x0a\x05ab", "a content of 5 bytes ends early"),
        (b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7fab", "a content of .* bytes ends early"),
        (b"\x09abc", "a content of 8 bytes ends early"),
        (b"\xff" * 11, "a number is longer than ten bytes"),
        (b"\x0b", "a field is of the kind 3"),
        (b"\x02\x00", "a field has the number 0"),
        (field(1, 5), "a number stands where a content belongs"),
        (field(1, field(1, field(2, b""))), "an entry has 0 names"),
        (field(1, field(1, field(1, b"a") * 2)), "an entry has 2 names"),
        (entry(b"\xff", b""), "a name is no UTF-8"),
        (field(1, 2 * field(1, field(1, b"a"))), "a name comes twice"),
        (entry(b"a", field(3, field(1, b"\x80"))), "a number ends early"),
        (entry(b"a", field(1, 7)), "a number stands where a content belongs"),
    ],
)
def test_a_damaged_message_is_refused(message, reason):
    """The message begins with the name that the reader was given."""
    with pytest.raises(HarnessError, match=f"^file: record 3: is no Example message: {reason}"):
        features("file: record 3", message)


@settings(max_examples=300)
@given(st.binary(max_size=80))
def test_garbage_is_no_message_or_one(content):
    """Any bytes give values or a HarnessError, and nothing else."""
    try:
        found = features("x", content)
    except HarnessError:
        return

    assert all(isinstance(value, bytes | int) for values in found.values() for value in values)


@settings(max_examples=60)
@given(st.dictionaries(st.text(max_size=9), st.one_of(st.binary(), st.integers(0, 2**64 - 1))))
def test_a_message_comes_back_whole(values):
    """Reading is the inverse of writing."""
    assert features("x", example(values)) == {name: (value,) for name, value in values.items()}


def test_a_picture_in_a_message_is_not_copied_twice():
    """A content of a megabyte passes through unchanged."""
    content = png(np.zeros((600, 600, 3), np.uint8), compress_level=0)

    assert features("x", example({"image/encoded": content}))["image/encoded"] == (content,)
