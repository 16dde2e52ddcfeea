"""The content of a file apart from the way in which it is written."""

import csv
import hashlib
import io
import json
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from harness.formats import arrays, jsonfile, rows
from harness.stage.content import content_sha256

DTYPES = ["<f4", "<f8", "<i8", "|u1", "|b1", "<f2"]
SHAPES = st.lists(st.integers(0, 4), max_size=3).map(tuple)


def sha256(path):
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Give a folder that the examples of a property share."""
    return tmp_path_factory.mktemp("content")


@settings(max_examples=30)
@given(shape=SHAPES, dtype=st.sampled_from(DTYPES))
def test_npy_of_numpy_is_its_own_content(folder, shape, dtype):
    """What NumPy writes is in canonical form, and nothing is hashed twice."""
    path = folder / "a.npy"
    np.save(path, np.zeros(shape, dtype))

    assert content_sha256(path) == sha256(path)
    assert content_sha256(path, "known") == "known"


def test_npy_with_another_header_has_equal_content(tmp_path):
    """The header's version and padding are no content; dtype, shape and values are."""
    values = np.arange(6, dtype="<f4").reshape(2, 3)
    for name, array in (("a", values), ("shape", values.reshape(3, 2)),
                        ("dtype", values.view("<i4")), ("value", values + 1)):  # fmt: skip
        np.save(tmp_path / f"{name}.npy", array)
    with (tmp_path / "other.npy").open("wb") as file:
        np.lib.format.write_array(file, values, version=(2, 0))
    found = {path.stem: content_sha256(path, sha256(path)) for path in tmp_path.iterdir()}

    assert found["other"] == found["a"] != sha256(tmp_path / "other.npy")
    assert len({found[name] for name in ("a", "shape", "dtype", "value")}) == 4


def test_weights_are_their_own_content(tmp_path):
    """What our writer of weights leaves is in canonical form, for tensors of several dtypes."""
    path = tmp_path / "w.safetensors"
    kinds = ["float32", "int64", "uint8", "float16", "bool", "int32", "float64", "int8"]
    arrays.write_weights(path, {f"{n}.{kind}": np.ones(3, kind) for n, kind in enumerate(kinds)})

    assert content_sha256(path) == sha256(path)


def test_tensors_in_another_order_are_equal_content(tmp_path):
    """Metadata and the order in the file are no content; a name and a value are."""
    a, b = struct.pack("<2f", 1, 2), struct.pack("<f", 3)

    def write(name, first, second, data, **more):
        header = {**more}
        position = 0
        for key, part in ((first, data[0]), (second, data[1])):
            offsets = [position, position + len(part)]
            header[key] = {"shape": [len(part) // 4], "data_offsets": offsets, "dtype": "F32"}
            position += len(part)
        text = json.dumps(header).encode()
        path = tmp_path / name
        path.write_bytes(struct.pack("<Q", len(text)) + text + data[0] + data[1])
        return content_sha256(path)

    one = write("1.safetensors", "a", "b", (a, b))

    assert one == write("2.safetensors", "b", "a", (b, a), __metadata__={"by": "me"})
    assert one != write("3.safetensors", "a", "c", (a, b))
    assert one != write("4.safetensors", "a", "b", (a, a))


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0\ufeff"), max_size=5)


@settings(max_examples=40)
@given(st.lists(st.lists(TEXT, min_size=2, max_size=2), min_size=1, max_size=4))
def test_line_ends_and_quotes_of_csv_are_no_content(folder, table):
    """The same cells have one content, whichever line ends and quotes they are written with."""
    paths = [folder / f"{n}.csv" for n in range(3)]
    options = [("\n", csv.QUOTE_MINIMAL), ("\r\n", csv.QUOTE_MINIMAL), ("\n", csv.QUOTE_ALL)]
    for path, (end, quoting) in zip(paths, options, strict=True):
        text = io.StringIO()
        csv.writer(text, lineterminator=end, quoting=quoting).writerows(table)
        path.write_bytes(text.getvalue().encode())

    assert {content_sha256(path) for path in paths} == {sha256(paths[0])}


def test_our_tables_and_json_are_their_own_content(tmp_path):
    """Rows and values as our writers leave them are in canonical form."""
    rows.write(tmp_path / "a.csv", [{"name": 'a "b", c', "x": 0.5}, {"name": None, "x": 2}])
    jsonfile.write(tmp_path / "a.json", {"é": [1, 2.5, None], "a": {"b": True}})

    for path in tmp_path.iterdir():
        assert content_sha256(path) == sha256(path)


def test_json_is_equal_by_its_value(tmp_path):
    """Spaces, order of keys and line ends are no content; a number is, and 1 is not 1.0."""
    texts = ['{"a":1,"b":[2]}', '{ "b" : [2],\r\n "a": 1 }', '{"a":1.0,"b":[2]}', '{"a":1,"b":[3]}']
    found = []
    for text in texts:
        (tmp_path / "a.json").write_bytes(text.encode())
        found.append(content_sha256(tmp_path / "a.json"))

    assert found[0] == found[1]
    assert len({*found}) == 3


def test_carriage_returns_of_a_text_are_no_content(tmp_path):
    """A text that git wrote with CRLF has the content of the one with LF."""
    (tmp_path / "a.md").write_bytes(b"one\r\ntwo\r\n")

    assert content_sha256(tmp_path / "a.md") == hashlib.sha256(b"one\ntwo\n").hexdigest()


def filtered(kind, pixels, width):
    """Return rows of grey pixels, each after the filter type `kind`, by the PNG specification."""
    lines, above = [], bytes(width)
    for start in range(0, len(pixels), width):
        row = pixels[start : start + width]
        line = []
        for x, value in enumerate(row):
            a, b, c = (row[x - 1] if x else 0), above[x], (above[x - 1] if x else 0)
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            line.append((value - (0, a, b, (a + b) // 2, paeth)[kind]) % 256)
        lines.append(bytes([kind, *line]))
        above = row
    return b"".join(lines)


def png(scanlines, width, height, level=9, extra=b""):
    """Return a grey PNG of these scanlines."""

    def chunk(name, data):
        check = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [chunk(b"IHDR", header), extra and chunk(b"tEXt", extra),
             chunk(b"IDAT", zlib.compress(scanlines, level)), chunk(b"IEND", b"")]  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(part or b"" for part in parts)


@settings(max_examples=30)
@given(pixels=st.binary(min_size=12, max_size=12), kind=st.integers(1, 4))
def test_filter_and_compression_of_png_are_no_content(folder, pixels, kind):
    """Equal pixels have one content under every filter, level and comment; others have another."""
    contents = [
        png(filtered(0, pixels, 4), 4, 3, 0),
        png(filtered(kind, pixels, 4), 4, 3, 9, b"by\0me"),
        png(filtered(0, bytes([pixels[0] ^ 1]) + pixels[1:], 4), 4, 3),
        png(filtered(0, pixels, 3), 3, 4),
    ]
    found = []
    for content in contents:
        (folder / "a.png").write_bytes(content)
        found.append(content_sha256(folder / "a.png"))

    assert found[0] == found[1] is not None
    assert len({*found}) == 3


def test_pixels_are_those_of_another_decoder(tmp_path):
    """A colour picture with adaptive filters decodes to the pixels that Pillow sees."""
    noise = np.random.default_rng(0).integers(0, 256, (9, 7, 4), dtype=np.uint8)
    smooth = np.linspace(0, 255, 9 * 7 * 4).astype(np.uint8).reshape(9, 7, 4)
    for name, pixels in (("noise", noise), ("smooth", smooth)):
        path = tmp_path / f"{name}.png"
        Image.fromarray(pixels).save(path)
        head = struct.pack(">IIBB", 7, 9, 8, 6)

        assert content_sha256(path) == hashlib.sha256(head + pixels.tobytes()).hexdigest()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.npy", b"\x93NUMPY"),
        ("a.npy", b"\x93NUMPY\x01\x00\x08\x00" + b"(" * 8),
        ("a.safetensors", b"\xff" * 16),
        ("a.safetensors", struct.pack("<Q", 2) + b"[]"),
        ("a.json", b'{"a": 1, "a": 2}'),
        ("a.json", b"[" * 100_000),
        ("a.json", b"NaN"),
        ("a.csv", b"\xff"),
        ("a.png", b"\x89PNG\r\n\x1a\n"),
        ("a.png", png(b"\0\0", 1 << 20, 1 << 20)),
        ("a.bin", b"whatever"),
    ],
)
def test_what_is_not_whole_has_no_content(tmp_path, name, content):
    """A damaged file, a bomb and an unknown format have no content, and raise nothing."""
    (tmp_path / name).write_bytes(content)

    assert content_sha256(tmp_path / name) is None


def test_damaged_chunk_of_png_is_no_equal_content(tmp_path):
    """A picture with a wrong checksum, or with something after its end, is not whole."""
    whole = png(b"\0a", 1, 1)
    for content in (whole[:-1] + b"\0", whole + b"\0" * 12):
        (tmp_path / "a.png").write_bytes(content)

        assert content_sha256(tmp_path / "a.png") is None
