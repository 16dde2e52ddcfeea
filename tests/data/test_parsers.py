from __future__ import annotations

import gzip

import numpy as np
import pytest
from dataset_samples import (
    cifar_records,
    cifar_sample,
    dataset,
    idx_bytes,
    idx_files,
    idx_sample,
    labels,
    pack,
    pixels,
    write,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.data import cifar, digits, idx
from harness.data.reading import read
from harness.errors import HarnessError
from harness.spec.layout import Image

IMAGE = Image(height=2, width=3, channels=3, maximum=255)
GREY = Image(height=2, width=3, channels=1, maximum=255)


def test_idx_is_read_as_it_was_written(tmp_path):
    """The four files give both parts, with an axis for the single channel."""
    sample, files = idx_sample()
    folder = write(tmp_path, files)
    found = read(sample, {name: folder / name for name in files})

    assert found.test is not None
    np.testing.assert_array_equal(found.train.images, pixels(12, 1))
    np.testing.assert_array_equal(found.train.labels, labels(12))
    np.testing.assert_array_equal(found.test.images, pixels(6, 1))
    assert found.test.labels.dtype == np.int64
    assert set(found.sources) == set(idx_files())


def test_sources_do_not_depend_on_who_packed_them(tmp_path):
    """Two packings of the same files are recorded by the same digests."""
    sample, files = idx_sample()
    first = write(tmp_path / "first", files)
    again = {name: pack(gzip.decompress(content), stamp=9) for name, content in files.items()}
    second = write(tmp_path / "second", again)
    one, other = (read(sample, {name: at / name for name in files}) for at in (first, second))

    assert one.sources == other.sources


@pytest.mark.parametrize("label_bytes", [1, 2])
def test_cifar_is_read_as_it_was_written(tmp_path, label_bytes):
    """Planes become channels, batches are joined in order, and the last label byte counts."""
    sample, packed = cifar_sample(label_bytes)
    folder = write(tmp_path, {"set.tar.gz": packed})
    found = read(sample, {"set.tar.gz": folder / "set.tar.gz"})

    assert found.test is not None
    np.testing.assert_array_equal(found.train.images, pixels(12, 3))
    np.testing.assert_array_equal(found.train.labels, labels(12))
    np.testing.assert_array_equal(found.test.images, pixels(6, 3))
    np.testing.assert_array_equal(found.test.labels, labels(6))
    assert found.train.images.flags["C_CONTIGUOUS"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "begins with , idx with 00000803"),
        (b"\0\0\x08\x01" + bytes(20), "begins with 00000801"),
        (b"\0\0\x0d\x03" + bytes(20), "begins with 00000d03"),
        (b"\0\0\x08\x03\0\0", "ends inside its header"),
        (idx_bytes(np.zeros((4, 3, 2))), r"shape \(4, 3, 2\), the spec says \(4, 2, 3\)"),
        (idx_bytes(np.zeros((4, 2, 3)))[:-1], "has 39 bytes instead of 40"),
        (idx_bytes(np.zeros((4, 2, 3))) + b"x", "has 41 bytes instead of 40"),
    ],
)
def test_a_wrong_idx_file_is_refused(content, reason):
    """The magic number, the sizes and the length must be those of the spec."""
    with pytest.raises(HarnessError, match=f"^set.gz: .*{reason}"):
        idx.parse("set.gz", content, (4, 2, 3))


@pytest.mark.parametrize("content", [b"", cifar_records(2, 1)[:-1], cifar_records(2, 1) + b"x"])
def test_wrong_cifar_records_are_refused(content):
    """Nothing, a record that is cut, and a byte too many are no records."""
    with pytest.raises(HarnessError, match="are not records of 19 bytes"):
        cifar.parse("set.bin", content, 1, IMAGE)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"1,2,3,4,5,6,0\n1,2,3,4,5,0\n", "csv:2: has 6 numbers instead of 7"),
        (b"1,2,3,4,5,256,0\n", "csv:1: 256 is larger than a byte"),
        (b"1,2,3,4,5,-6,0\n", "csv:1: is not a line"),
        (b"1,2,3,4,5,6.0,0\n", "csv:1: is not a line"),
        (b"1,2,3,4,5,,0\n", "csv:1: is not a line"),
        (b"1,2,3,4,5,\xd9\xa3,0\n", "csv:1: is not a line"),
    ],
)
def test_wrong_digits_are_refused_by_line(content, reason):
    """The message has the number of the line that is not as it should be."""
    with pytest.raises(HarnessError, match=reason):
        digits.parse("set.csv", content, GREY)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"records": {"train": 13, "test": 6}}, "unpacks to .* bytes instead of"),
        ({"classes": ["a", "b"]}, "a label is not one of the 2 classes"),
        ({"image": GREY.model_dump() | {"maximum": 16}}, "a pixel is .*, above 16"),
    ],
)
def test_content_that_is_not_what_the_spec_says_is_refused(tmp_path, fields, reason):
    """The number of records, the classes and the largest pixel are checked."""
    sample, files = idx_sample(**fields)
    folder = write(tmp_path, files)
    with pytest.raises(HarnessError, match=reason):
        read(sample, {name: folder / name for name in files})


def test_cifar_with_a_record_too_few_is_refused(tmp_path):
    """An archive of whole records is refused when there are fewer than the spec counts."""
    sample, packed = cifar_sample(1)
    more = dataset(
        **sample.model_dump(include={"source", "format", "image"}),
        records={"train": 14, "test": 6},
    )
    folder = write(tmp_path, {"set.tar.gz": packed})
    with pytest.raises(HarnessError, match=r"the spec says \(14, 2, 3, 3\)"):
        read(more, {"set.tar.gz": folder / "set.tar.gz"})


@settings(max_examples=200)
@given(st.binary(max_size=200), st.sampled_from([b"", b"\0\0\x08\x03", idx_bytes(pixels(1, 3))]))
def test_parsers_raise_nothing_else_on_garbage(content, start):
    """Any bytes give images of the right shape or a HarnessError."""
    parsers = [
        lambda: idx.parse("x", start + content, (1, 2, 3)),
        lambda: cifar.parse("x", start + content, 2, IMAGE).images,
        lambda: digits.parse("x", start + content, GREY).images,
    ]
    for parse in parsers:
        try:
            found = parse()
        except HarnessError:
            continue
        assert found.shape[1:3] == (2, 3)


@settings(max_examples=50)
@given(st.integers(1, 6), st.sampled_from([1, 2]))
def test_cifar_records_come_back_whole(count, label_bytes):
    """Reading is the inverse of writing, for any number of records."""
    found = cifar.parse("x", cifar_records(count, label_bytes), label_bytes, IMAGE)

    np.testing.assert_array_equal(found.images, pixels(count, 3))
    np.testing.assert_array_equal(found.labels, labels(count))
