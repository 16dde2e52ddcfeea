"""Where two files differ, in the terms of their format."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from harness.rerun.difference import EQUAL_CONTENT, _by_format, difference


def npy(values):
    """Return an array as .npy."""
    buffer = io.BytesIO()
    np.save(buffer, np.array(values))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("suffix", "old", "new", "said"),
    [
        (".csv", b"name,total\na,1\nb,2\n", b"name,total\na,1\nb,3\n", ["row 2, total: 2 -> 3"]),
        (".csv", b"name,total\na,1\n", b"name,total\na,1\nb,3\n",
         ["1 rows -> 2 rows", "row 2, name: nothing -> b", "2 cells differ"]),
        (".csv", b"name\na\n", b"label\na\n", ["heading 1: name -> label"]),
        (".csv", b"name\na\n", b"name\r\na\r\n",
         [EQUAL_CONTENT, "7 bytes -> 9 bytes", "from byte 4: 0a 61 0a -> 0d 0a 61 0d 0a"]),
        (".json", b'{"a": {"b": [1, 2]}, "c": 0}', b'{"a": {"b": [1, 3]}, "c": 1}',
         ["a.b[1]: 2 -> 3", "2 values differ"]),
        (".json", b'{"a": true}', b'{"a": 1}', ["a: true -> 1"]),
        (".json", b'{"a": 1}', b'{"a": 1, "b": null}', ["b: nothing -> null"]),
        (".npy", npy([[1.0, 2.0], [3.0, 4.0]]), npy([[1.0, 2.0], [3.5, 4.5]]),
         ["[1, 0]: 3.0 -> 3.5; 2 of 4 values differ"]),
        (".npy", npy([0.0, np.nan]), npy([-0.0, np.nan]),
         ["[0]: 0.0 -> -0.0; 1 of 2 values differ"]),
        (".npy", npy([1.0]), npy([1]), ["float64[1] -> int64[1]"]),
        (".npy", npy(5), npy(6), ["[]: 5 -> 6; 1 of 1 values differ"]),
        (".md", b"one\ntwo\n", b"one\nTwo\n", ["line 2:", "- two", "+ Two"]),
        (".bin", b"abcdef", b"abXdef", ["from byte 2: 63 64 65 66 -> 58 64 65 66"]),
        (".bin", b"ab", b"abc", ["2 bytes -> 3 bytes", "from byte 2: the end -> 63"]),
        (".json", b"{broken", b"{Broken", ["from byte 1: 62 72 6f 6b 65 6e -> 42 72 6f 6b 65 6e"]),
    ],
)  # fmt: skip
def test_first_place_is_told(suffix, old, new, said):
    """The first place that differs is told in the format's terms, and how many there are."""
    assert _by_format(suffix, old, new) == said


def test_tensors_are_told_by_name():
    """Of weights the first tensor that differs is named, and how many do."""
    old = {"a": np.zeros(3, "f4"), "b": np.zeros(2, "f4")}
    new = {"a": np.zeros(3, "f4"), "b": np.ones(2, "f4")}

    assert _by_format(".safetensors", save(old), save(new)) == [
        "b: [0]: 0.0 -> 1.0; 2 of 2 values differ"
    ]


def test_equal_tensors_with_other_bytes_are_told_apart():
    """The same tensors with other bytes around them are equal content, and said to be so."""
    one = save({"a": np.zeros(1, "f4")}, metadata={"made": "here"})

    lines = _by_format(".safetensors", save({"a": np.zeros(1, "f4")}), one)

    assert lines[0] == EQUAL_CONTENT


@given(st.sampled_from([".csv", ".json", ".npy", ".safetensors", ".md", ".png"]),
       st.binary(max_size=60), st.binary(max_size=60))  # fmt: skip
def test_damaged_files_are_still_told_apart(suffix, old, new):
    """Whatever the bytes are, two different files give at least one line and no error."""
    if old != new:
        assert _by_format(suffix, old, new)


@given(st.recursive(st.integers() | st.booleans() | st.none() | st.text(max_size=3),
                    lambda inner: st.lists(inner, max_size=3)
                    | st.dictionaries(st.text(max_size=2), inner, max_size=3)))  # fmt: skip
def test_equal_json_is_never_called_different(value):
    """JSON with the same value in other bytes is equal content."""
    old, new = json.dumps(value).encode(), json.dumps(value, indent=3).encode() + b"\n"

    assert _by_format(".json", old, new)[0] == EQUAL_CONTENT


def test_files_are_read_from_disk(tmp_path):
    """Two files are compared by the format in their names."""
    old, new = (Path(tmp_path / name / "t.csv") for name in ("old", "new"))
    for path, cell in ((old, "1"), (new, "2")):
        path.parent.mkdir()
        path.write_text(f"n\n{cell}\n")

    assert difference(old, new, diffoscope=False) == ["row 1, n: 1 -> 2"]
