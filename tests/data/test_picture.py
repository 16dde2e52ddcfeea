from __future__ import annotations

import io
import struct
import tracemalloc
import zlib

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scene_samples import HEIGHT, WIDTH, claiming, jpeg, mask, photo, png

from harness.data.picture import decode_image, decode_mask, longest
from harness.data.scene import labelled
from harness.errors import HarnessError
from harness.spec.dataset import MaskLabels
from harness.spec.layout import Image

IMAGE = Image(height=HEIGHT, width=WIDTH, channels=3, maximum=255)
GREY = Image(height=HEIGHT, width=WIDTH, channels=1, maximum=255)


def test_a_png_is_read_as_it_was_written():
    """Colour and grey keep each value and get an axis for their channels."""
    np.testing.assert_array_equal(decode_image("x", png(photo(1)), IMAGE), photo(1))
    grey = decode_image("x", png(photo(1)[..., 0]), GREY)
    np.testing.assert_array_equal(grey, photo(1)[..., :1])


def test_a_jpeg_is_read_as_pillow_reads_it():
    """JPEG loses a little: the pixels are those of the library that the lock pins."""
    smooth = np.repeat(np.add.outer(np.arange(24), np.arange(36))[..., None], 3, 2) * 4
    content = jpeg(smooth.astype(np.uint8))
    found = decode_image("x", content, IMAGE)

    np.testing.assert_array_equal(found, np.asarray(PIL.Image.open(io.BytesIO(content))))
    assert np.abs(found.astype(int) - smooth).max() < 6


def test_a_mask_keeps_its_values():
    """A palette is for the eye: its indices are the values, as in a plain mask."""
    plain = png(mask(2))
    coloured = PIL.Image.fromarray(mask(2)).convert("P")
    coloured.putpalette(bytes(range(256)) * 3)
    buffer = io.BytesIO()
    coloured.save(buffer, "PNG")

    for content in (plain, buffer.getvalue()):
        np.testing.assert_array_equal(decode_mask("x", content, IMAGE), mask(2))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "cannot be decoded as PNG"),
        (b"GIF89a" + bytes(50), "cannot be decoded as PNG: it is of another format"),
        (jpeg(mask(0)), "cannot be decoded as PNG: it is of another format"),
        (png(mask(0)[:-1]), "is a picture of 23 x 36 pixels, the spec says 24 x 36"),
        (png(mask(0).T), "is a picture of 36 x 24 pixels"),
        (png(photo(0)), "is a picture of the kind RGB; allowed: L, P"),
        (png(mask(0).astype(np.uint16)), "is a picture of the kind I;16"),
        (png(mask(0))[:-40], "cannot be decoded as PNG"),
        (claiming(60_000, 60_000), "cannot be decoded as PNG"),
        (claiming(2**31 - 1, 2**31 - 1), "cannot be decoded as PNG"),
        (claiming(0, 0), "cannot be decoded as PNG"),
        (claiming(10_000, 10_000), "is a picture of 10000 x 10000 pixels|cannot be decoded"),
        (claiming(WIDTH, HEIGHT), "cannot be decoded as PNG"),
    ],
)
def test_what_is_no_such_mask_is_refused(content, reason):
    """Other formats, sizes and kinds, damage and claims of a size are told by the file's name."""
    tracemalloc.start()
    try:
        with pytest.raises(HarnessError, match=f"^set.zip: a.png: ({reason})"):
            decode_mask("set.zip: a.png", content, IMAGE)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 5_000_000


def test_an_image_of_other_channels_is_refused():
    """A grey image is not made coloured, nor a coloured one grey."""
    with pytest.raises(HarnessError, match="kind L; allowed: RGB"):
        decode_image("x", png(mask(0)), IMAGE)
    with pytest.raises(HarnessError, match="kind RGB; allowed: L"):
        decode_image("x", jpeg(photo(0)), GREY)


def test_texts_in_a_picture_are_no_bomb():
    """A compressed comment of a hundred megabytes is not unpacked into memory."""
    text = b"c\0\0" + zlib.compress(bytes(10**8))
    chunk = struct.pack(">I", len(text)) + b"zTXt" + text
    chunk += struct.pack(">I", zlib.crc32(b"zTXt" + text))
    plain = png(mask(0))
    tracemalloc.start()
    try:
        with pytest.raises(HarnessError, match="cannot be decoded as PNG"):
            decode_mask("x", plain[:33] + chunk + plain[33:], IMAGE)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 10_000_000


@settings(max_examples=150)
@given(st.integers(0, 10**6), st.integers(0, 255), st.booleans())
def test_a_changed_byte_gives_a_picture_or_a_message(place, value, coloured):
    """PNG has checksums: a changed byte is noticed, or it changes nothing that counts."""
    content = bytearray(png(photo(0)) if coloured else jpeg(photo(0)))
    content[place % len(content)] = value
    try:
        found = decode_image("x", bytes(content), IMAGE)
    except HarnessError as error:
        said = error.message
    else:
        assert found.shape == IMAGE.shape
        return

    assert said.startswith("x: ")


def test_sensible_files_are_below_the_limit():
    """Noise that cannot be compressed still is no longer than what is allowed."""
    assert len(png(photo(0), compress_level=0)) < longest(IMAGE)


def test_labels_are_looked_up_by_the_stored_value():
    """With ids a value stands for a label; without, it is one."""
    values = np.array([[0, 1], [2, 2]], np.uint8)
    ids = MaskLabels(kind="mask", ids=(255, 1, 0))
    plain = MaskLabels(kind="mask", ignore=9)

    np.testing.assert_array_equal(labelled("x", values, ids, 2), [[255, 1], [0, 0]])
    np.testing.assert_array_equal(labelled("x", values, plain, 3), values)
    assert labelled("x", np.full((1, 1), 9, np.uint8), plain, 3).tolist() == [[9]]


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (MaskLabels(kind="mask"), "holds 3, 77; there are the classes 0 to 2, and 255 to ignore"),
        (MaskLabels(kind="mask", ids=(0, 1, 2)), "holds 3, 77; the spec's 'ids' know 0 to 2"),
    ],
)
def test_values_without_a_label_are_named(labels, reason):
    """The message has the values that are wrong and those that are allowed."""
    with pytest.raises(HarnessError, match=f"^set.zip: the mask {reason}$"):
        labelled("set.zip", np.array([[0, 77], [3, 2]], np.uint8), labels, 3)
