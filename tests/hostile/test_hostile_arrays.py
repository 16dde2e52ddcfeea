"""Arrays and weights that want to be unpickled, or to be larger than they are."""

import io
import json
import pickle
import re
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from messages import tell

from harness.errors import HarnessError
from harness.formats import arrays
from harness.stage.inputs import Inputs


class Planted:
    """An object whose unpickling leaves a canary."""

    def __init__(self, canary):
        self.canary = canary

    def __reduce__(self):
        return Path.touch, (self.canary,)


def npy(header, body=b"", version=1, length=None):
    """Return a .npy file with this header."""
    text = header.encode("latin-1")
    size = len(text) if length is None else length
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H", size) + text + body


def described(dtype="'<f8'", shape="(2,)", order="False"):
    """Return the header of an array as NumPy writes it."""
    return f"{{'descr': {dtype}, 'fortran_order': {order}, 'shape': {shape}, }}\n"


def pickled(canary):
    """Return an array of objects as NumPy would pickle it."""
    buffer = io.BytesIO()
    np.save(buffer, np.array([Planted(canary)], dtype=object), allow_pickle=True)
    return buffer.getvalue()


def zipped(canary):
    """Return an .npz file with an array of objects."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("a.npy", pickled(canary))
    return buffer.getvalue()


NPY = {
    "a pickle": lambda canary: pickle.dumps(Planted(canary), protocol=2),
    "an array of objects": pickled,
    "an .npz file with objects": zipped,
    "an empty .npz file": lambda _: b"PK\x05\x06" + bytes(18),
    "a file of joblib": lambda canary: b"ZF" + pickle.dumps(Planted(canary), protocol=2),
    "code in the header": lambda _: npy("__import__('os').system('touch canary')\n"),
    "code in the shape": lambda _: npy(described(shape="(exit(),)")),
    "a type of objects": lambda _: npy(described("'|O'"), bytes(16)),
    "a type with objects in it": lambda _: npy(described("[('a', '|O')]"), bytes(16)),
    "a structured type": lambda _: npy(described("[('a', '<f8')]"), bytes(16)),
    "times": lambda _: npy(described("'<M8[s]'"), bytes(16)),
    "bytes as numbers": lambda _: npy(described("'|V8'"), bytes(16)),
    "version 9": lambda _: npy(described(), bytes(16), version=9),
    "a shape of 2^62": lambda _: npy(described(shape=f"({2**62},)")),
    "a shape whose size wraps around": lambda _: npy(described(shape=f"({2**33}, {2**33})")),
    "a negative shape": lambda _: npy(described(shape="(-2,)"), bytes(16)),
    "a shape of thousands of axes": lambda _: npy(described(shape=f"({'1, ' * 3000})"), bytes(8)),
    "a header longer than the file": lambda _: npy(described(), length=60_000),
    "a huge header": lambda _: npy(f"{described()[:-2]}{' ' * 60_000}}}\n", bytes(16)),
    "brackets without end": lambda _: npy(f"{'(' * 9_000}\n"),
    "an open bracket": lambda _: npy("{'descr': (\n"),
    "a key too many": lambda _: npy(described(order="False, 'x': 1")),
    "another shape": lambda _: npy(described(shape="(1, 2)"), bytes(16)),
    "another type": lambda _: npy(described("'<i8'"), bytes(16)),
    "fewer numbers": lambda _: npy(described(), bytes(8)),
    "nothing": lambda _: b"",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """Give a folder with one good array."""
    arrays.write_folder(tmp_path / "values", {"a": np.zeros(2)}, {"from": "here"})
    return tmp_path / "values"


@pytest.mark.parametrize("attack", NPY)
def test_a_file_that_is_not_the_array_is_refused(folder, tmp_path, monkeypatch, attack):
    """Nothing is unpickled, evaluated or allocated; the message names the file."""
    monkeypatch.chdir(tmp_path)
    (folder / "a.npy").write_bytes(NPY[attack](tmp_path / "canary"))

    with pytest.raises(HarnessError) as caught:
        Inputs({"values": {None: folder}}).arrays("values")

    assert not (tmp_path / "canary").exists()
    tell(f"array: {attack}", str(caught.value), tmp_path)


MANIFESTS = {
    "a name that is a path": {"arrays": {"../../outside": {"dtype": "float64", "shape": [2]}}},
    "a name from the root": {"arrays": {"/etc/passwd": {"dtype": "float64", "shape": [2]}}},
    "a list of names": {"arrays": ["a"]},
    "no arrays": {"about": {}},
    "a number": 3,
    "an array of nothing": {"arrays": {"a": None}},
    "an array that is missing": {"arrays": {"b": {"dtype": "float64", "shape": [2]}}},
}


@pytest.mark.parametrize("attack", MANIFESTS)
def test_a_manifest_of_other_files_is_refused(folder, tmp_path, attack):
    """A manifest names arrays beside it, and describes them."""
    (folder / "manifest.json").write_text(json.dumps(MANIFESTS[attack]), encoding="utf-8")

    with pytest.raises(HarnessError) as caught:
        arrays.read_folder(folder)

    tell(f"manifest of arrays: {attack}", str(caught.value), tmp_path)


def header(value):
    """Return the beginning of a safetensors file: the header, here any text or value, padded."""
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text


def entry(start=0, end=8, dtype="F32", shape=(2,)):
    """Return the entry of one tensor."""
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}


ONE = b'"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}'
TWICE = b"{" + ONE + b"," + ONE + b"}"
WEIGHTS = {
    "a header of 2^63 bytes": struct.pack("<Q", 2**63) + b"{}",
    "a header of one gigabyte": struct.pack("<Q", 2**30) + b"{}",
    "a header longer than the file": struct.pack("<Q", 100) + b"{}",
    "no header": b"",
    "half a length": b"\0\0\0",
    "a header that is no JSON": header(b"not JSON"),
    "a header that is not UTF-8": header(b'{"\xff\xfe":1}'),
    "a header of a list": header([]),
    "levels without end": header(b"[" * 5_000),
    "levels without end, of mappings": header(b'{"a":' * 5_000),
    "a name twice": header(TWICE) + bytes(8),
    "metadata": header({"__metadata__": {"a": "b"}, "a": entry()}) + bytes(8),
    "offsets that overlap": header({"a": entry(), "b": entry(4, 12)}) + bytes(12),
    "two tensors in one place": header({"a": entry(), "b": entry()}) + bytes(8),
    "a hole": header({"a": entry(), "b": entry(16, 24)}) + bytes(24),
    "offsets behind the end": header({"a": entry(0, 80, shape=(20,))}) + bytes(8),
    "offsets that run backwards": header({"a": entry(8, 0)}) + bytes(8),
    "negative offsets": header({"a": entry(-8, 0)}) + bytes(8),
    "a shape that is larger than its bytes": header({"a": entry(shape=(2**40,))}) + bytes(8),
    "a shape whose size wraps around": header({"a": entry(shape=(2**62, 2**62))}) + bytes(8),
    "a negative shape": header({"a": entry(shape=(-2,))}) + bytes(8),
    "numbers that do not exist": header({"a": entry(dtype="F31")}) + bytes(8),
    "numbers that NumPy does not have": header({"a": entry(0, 4, "F8_E4M3", (4,))}) + bytes(4),
    "bytes behind the last tensor": header({"a": entry()}) + bytes(9),
    "a pickle": pickle.dumps({"a": 1}),
    "a zip file as torch.save writes it": b"PK\x03\x04" + bytes(60),
}  # fmt: skip


@pytest.mark.parametrize("attack", WEIGHTS)
def test_weights_of_another_form_are_refused(tmp_path, attack):
    """A file that the library or this project would not have written is refused by its name."""
    path = tmp_path / "weights.safetensors"
    path.write_bytes(WEIGHTS[attack])

    with pytest.raises(HarnessError) as caught:
        arrays.read_weights(path)

    # Which of two tensors the library names first is by chance.
    tell(f"weights: {attack}", re.sub("`[ab]`", "`…`", str(caught.value)), tmp_path)


def test_a_good_file_is_still_read(folder, tmp_path):
    """The samples differ from a good file in nothing but the attack."""
    (folder / "a.npy").write_bytes(npy(described(), bytes(16)))
    path = tmp_path / "weights.safetensors"
    path.write_bytes(header({"a": entry(), "b": entry(8, 16)}) + bytes(16))

    assert arrays.read_folder(folder)["a"].tolist() == [0, 0]
    assert sorted(arrays.read_weights(path)) == ["a", "b"]
