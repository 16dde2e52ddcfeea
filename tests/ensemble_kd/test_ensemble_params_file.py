"""Tests of MXNet's files of parameters, read and written without it."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from harness.errors import HarnessError
from reproductions.ensemble_kd.leaving import params_file

# What MXNet 1.9.1 wrote for {"arg:w": [[0, 1, 2], [3, 4, 5]], "b": [1.5]}.
WRITTEN = bytes.fromhex(
    "120100000000000000000000000000000200000000000000"
    "c9fa93f9000000000200000002000000000000000300000000000000010000000000000000000000"
    "000000000000803f0000004000004040000080400000a040"
    "c9fa93f90000000001000000010000000000000001000000000000000000"
    "00000000c03f"
    "020000000000000005000000000000006172673a77010000000000000062"
)
VALUES = {"arg:w": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.float32([1.5])}

PLAIN = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
TENSORS = st.dictionaries(
    PLAIN, arrays(np.float32, array_shapes(max_dims=4, max_side=4)), max_size=4
)


def refused(tmp_path, content):
    """Return the message by which `content` is refused as a file."""
    path = tmp_path / "broken.params"
    path.write_bytes(content)
    with pytest.raises(HarnessError) as caught:
        params_file.read(path)
    assert str(path) in caught.value.message
    return caught.value.message


def one_array(storage=0, shape=(1,), type_of=0, data=b"\0" * 4, magic=params_file.V2):
    """Return a file of one array, "w", that may say what is not so."""
    head = struct.pack("<QQQ", params_file.LIST, 0, 1) + struct.pack("<Ii", magic, storage)
    form = struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}q", *shape)
    return head + form + struct.pack("<iii", 1, 0, type_of) + data + struct.pack("<QQ", 1, 1) + b"w"


def test_what_mxnet_wrote_is_read(tmp_path):
    """A file that MXNet itself wrote gives its names and numbers."""
    path = tmp_path / "mxnet.params"
    path.write_bytes(WRITTEN)

    found = params_file.read(path)

    assert list(found) == ["arg:w", "b"]
    for name, value in VALUES.items():
        np.testing.assert_array_equal(found[name], value)
        assert found[name].dtype == np.float32


def test_the_same_bytes_are_written_as_by_mxnet():
    """Sorted names and dense float32 arrays are written as MXNet writes them."""
    assert params_file.dumps(dict(reversed(VALUES.items()))) == WRITTEN


@given(TENSORS)
def test_what_was_written_is_read(tmp_path_factory, values):
    """Reading gives back every array that was written, to the bit."""
    path = tmp_path_factory.mktemp("params") / "values.params"
    params_file.write(path, values)

    found = params_file.read(path)

    assert found.keys() == values.keys()
    for name, value in values.items():
        assert found[name].tobytes() == value.tobytes()
        assert found[name].shape == value.shape


def test_a_file_cut_anywhere_is_refused(tmp_path):
    """Whatever number of bytes is left of a file, the rest is missed and nothing else happens."""
    for length in range(len(WRITTEN)):
        refused(tmp_path, WRITTEN[:length])


@given(st.integers(0, len(WRITTEN) - 1), st.integers(0, 255))
def test_one_other_byte_is_read_or_refused(tmp_path_factory, place, byte):
    """A file with any byte changed is either still one, or refused by an error of the harness."""
    path = tmp_path_factory.mktemp("params") / "changed.params"
    path.write_bytes(WRITTEN[:place] + bytes([byte]) + WRITTEN[place + 1 :])
    try:
        found = params_file.read(path)
    except HarnessError as error:
        assert "changed.params" in error.message  # noqa: PT017
    else:
        assert len(found) == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "first number"),
        (b"PK\x03\x04" * 8, "first number"),
        (WRITTEN + b"\0", "1 bytes follow"),
        (struct.pack("<QQQ", params_file.LIST, 0, 2**63), "no room"),
        (one_array(shape=(2**62,)), "are left"),
        (one_array(shape=(2**40, 2**40, 2**40)), "are left"),
        (one_array(shape=(-1,)), "shape"),
        (one_array(shape=(0, 2**61), data=b""), "the shape"),
        (one_array(shape=()), "0 dimensions"),
        (one_array(shape=(1,) * 33), "33 dimensions"),
        (one_array(storage=1), "row_sparse"),
        (one_array(storage=2), "csr"),
        (one_array(storage=7), "unknown storage"),
        (one_array(type_of=1, data=b"\0" * 8), "'w' holds float64"),
        (one_array(type_of=2, data=b"\0" * 2), "'w' holds float16"),
        (one_array(type_of=3, data=b"\0"), "'w' holds uint8"),
        (one_array(type_of=12, data=b"\0" * 2), "'w' holds bfloat16"),
        (one_array(type_of=99), "unknown type 99"),
        (one_array(magic=2), "begins with 0x2"),
    ],
)
def test_what_is_no_network_is_refused(tmp_path, content, said):
    """The error says what is wrong, with the name of the array where one is known."""
    assert said in refused(tmp_path, content)


def test_names_are_checked(tmp_path):
    """Names that are missing, twice there, too long or no text are refused."""
    two = struct.pack("<QQ", params_file.LIST, 0) + struct.pack("<Q", 0)
    assert "0 arrays and 1 names" in refused(tmp_path, two + struct.pack("<QQ", 1, 1) + b"a")
    start = one_array()[: -len(struct.pack("<Q", 1) + b"w")]
    assert "UTF-8" in refused(tmp_path, start + struct.pack("<Q", 1) + b"\xff")
    assert "has 0 bytes" in refused(tmp_path, start + struct.pack("<Q", 0))
    assert "4097 bytes" in refused(tmp_path, start + struct.pack("<Q", 4097) + b"a" * 4097)
    twice = WRITTEN[:-30] + struct.pack("<QQ", 2, 1) + b"b" + struct.pack("<Q", 1) + b"b"
    assert "two arrays" in refused(tmp_path, twice)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    """What is not there, or no file, is named by the error."""
    for path in (tmp_path, tmp_path / "none.params"):
        with pytest.raises(HarnessError, match=r"cannot be read"):
            params_file.read(path)


def test_other_numbers_are_not_written():
    """The writer takes float32 arrays with dimensions, and says which one is not."""
    for value in (np.zeros(2), np.float32(1)):
        with pytest.raises(ValueError, match="'w'"):
            params_file.dumps({"w": np.asarray(value)})
