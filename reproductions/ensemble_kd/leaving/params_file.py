"""MXNet's files of named arrays (``.params``), read and written without MXNet.

A file is a list of arrays and a list of their names, both counted, all numbers little-endian::

    u64 0x112, u64 0
    u64 count, then for each array:
        u32 magic, i32 storage, u32 dimensions, i64 size of each,
        i32 kind of device, i32 number of device, i32 type of numbers, the numbers
    u64 count, then for each name: u64 length, the bytes

Dense arrays of float32 are all that networks are made of; anything else is refused by its name.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.errors import HarnessError
from harness.formats.arrays import Array
from harness.formats.atomic import write_bytes

LIST = 0x112
"""The first number of every file."""

V1, V2, V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
"""The first number of an array: of old without a storage, since 1.0, and under NumPy's rules."""

FLOAT32 = 0
MOST_DIMENSIONS = 32
MOST_ARRAYS = 1_000_000
MOST_NUMBERS = 2**40
LONGEST_NAME = 4096

_CPU = (1, 0)
_STORAGES = {1: "row_sparse", 2: "csr"}
_TYPES = {
    0: "float32", 1: "float64", 2: "float16", 3: "uint8", 4: "int32", 5: "int8", 6: "int64",
    7: "bool", 8: "int16", 9: "uint16", 10: "uint32", 11: "uint64", 12: "bfloat16",
}  # fmt: skip
_AGAIN = "write it anew, in MXNet, with mx.nd.save or save_parameters"
_DENSE = "give a file whose arrays are dense and float32: in MXNet, cast(dtype) and tostype"


@dataclass
class _Cursor:
    """A place in the content of a file, past which nothing is read."""

    path: Path
    content: memoryview
    place: int = 0

    @property
    def left(self) -> int:
        return len(self.content) - self.place

    def take(self, size: int, what: str) -> memoryview:
        """Return the next `size` bytes, which hold `what`."""
        if size > self.left:
            said = f"{what} takes {size} bytes from byte {self.place} on, and {self.left} are left"
            raise self.wrong(said)
        part = self.content[self.place : self.place + size]
        self.place += size
        return part

    def number(self, form: str, what: str) -> int:
        """Return the next number, of `form` as in `struct`."""
        found: int = struct.unpack("<" + form, self.take(struct.calcsize("<" + form), what))[0]
        return found

    def count(self, smallest: int, what: str) -> int:
        """Return the next count, of things that take at least `smallest` bytes each."""
        found = self.number("Q", what)
        if found > min(MOST_ARRAYS, self.left // smallest):
            raise self.wrong(f"{what} is {found}, for which it has no room")
        return found

    def wrong(self, said: str, remedy: str = _AGAIN) -> HarnessError:
        """Return the error that says what is wrong with the file."""
        return HarnessError(f"{self.path}: cannot be read as MXNet's .params: {said}", remedy)


def read(path: Path) -> dict[str, Array]:
    """Return the arrays of the file `path` by name, float32, in the file's order.

    Raises
    ------
    HarnessError
        It is no such file, or a damaged one; or an array is sparse, of other numbers than float32,
        without a name or with one that another has.
    """
    cursor = _Cursor(path, memoryview(_content(path)))
    if cursor.left < 16 or cursor.number("Q", "the first number") != LIST:
        raise cursor.wrong(f"its first number is not {LIST:#x}")
    cursor.number("Q", "the reserved number")
    count = cursor.count(4, "the number of arrays")
    arrays = [_array(cursor, f"array {position + 1} of {count}") for position in range(count)]
    names = _names(cursor, count)
    if cursor.left:
        raise cursor.wrong(f"{cursor.left} bytes follow its end")
    for name, (type_of, _) in zip(names, arrays, strict=True):
        if type_of != FLOAT32:
            said = _TYPES.get(type_of, f"numbers of the unknown type {type_of}")
            raise cursor.wrong(f"array '{name}' holds {said}, not float32", _DENSE)
    return {name: array for name, (_, array) in zip(names, arrays, strict=True)}


def _content(path: Path) -> bytes:
    if path.exists() and not path.is_file():
        raise HarnessError(f"{path}: cannot be read as MXNet's .params: it is no file", _AGAIN)
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        said = f"{path}: cannot be read as MXNet's .params: {error}"
        raise HarnessError(said, "give the path of an existing file") from error


def _array(cursor: _Cursor, what: str) -> tuple[int, Array]:
    """Return the type and the numbers of the array at `cursor`; empty where it is not float32."""
    magic = cursor.number("I", what)
    if magic not in (V1, V2, V3):
        raise cursor.wrong(f"{what} begins with {magic:#x}, which no array of MXNet 1 does")
    if magic != V1:
        storage = cursor.number("i", what)
        if storage != 0:
            said = _STORAGES.get(storage, f"of the unknown storage {storage}")
            raise cursor.wrong(f"{what} is {said}, not dense", _DENSE)
    shape = _shape(cursor, what)
    cursor.take(8, f"the device of {what}")
    type_of = cursor.number("i", f"the type of {what}")
    size = _item_size(type_of)
    if size is None:
        raise cursor.wrong(f"{what} has numbers of the unknown type {type_of}")
    numbers = cursor.take(size * math.prod(shape), f"the numbers of {what}")
    # NumPy has no array of nothing by a huge number.
    if math.prod(max(side, 1) for side in shape) > MOST_NUMBERS:
        raise cursor.wrong(f"{what} has the shape {shape}")
    if type_of != FLOAT32:
        return type_of, np.empty(0, np.float32)
    return type_of, np.frombuffer(numbers, "<f4").astype(np.float32).reshape(shape)


def _item_size(type_of: int) -> int | None:
    name = _TYPES.get(type_of)
    if name is None:
        return None
    return 2 if name == "bfloat16" else np.dtype(name).itemsize


def _shape(cursor: _Cursor, what: str) -> tuple[int, ...]:
    dimensions = cursor.number("I", f"the number of dimensions of {what}")
    if not 1 <= dimensions <= MOST_DIMENSIONS:
        raise cursor.wrong(f"{what} has {dimensions} dimensions; 1 to {MOST_DIMENSIONS} can be")
    shape = tuple(cursor.number("q", f"the shape of {what}") for _ in range(dimensions))
    if min(shape) < 0:
        raise cursor.wrong(f"{what} has the shape {shape}")
    return shape


def _names(cursor: _Cursor, count: int) -> list[str]:
    found = cursor.count(8, "the number of names")
    if found != count:
        raise cursor.wrong(f"it has {count} arrays and {found} names")
    names: dict[str, None] = {}
    for position in range(count):
        what = f"name {position + 1} of {count}"
        length = cursor.number("Q", f"the length of {what}")
        if not 1 <= length <= LONGEST_NAME:
            raise cursor.wrong(f"{what} has {length} bytes; 1 to {LONGEST_NAME} can be")
        try:
            name = str(cursor.take(length, what), "utf-8")
        except UnicodeDecodeError as error:
            raise cursor.wrong(f"{what} is no UTF-8") from error
        if name in names:
            raise cursor.wrong(f"two arrays have the name '{name}'")
        names[name] = None
    return list(names)


def dumps(values: Mapping[str, Array]) -> bytes:
    """Return `values`, float32, as the content of a file: sorted by name, so that it is canonical.

    Raises
    ------
    ValueError
        An array is not float32, or has no dimension.
    """
    names = sorted(values)
    parts = [struct.pack("<QQQ", LIST, 0, len(names))]
    for name in names:
        array = np.ascontiguousarray(values[name])
        if array.dtype != np.float32 or not values[name].ndim:
            raise ValueError(f"'{name}' is {array.dtype} of shape {values[name].shape}")
        parts.append(struct.pack("<IiI", V2, 0, array.ndim))
        parts.append(struct.pack(f"<{array.ndim}q", *array.shape))
        parts.append(struct.pack("<iii", *_CPU, FLOAT32))
        parts.append(array.astype("<f4").tobytes())
    parts.append(struct.pack("<Q", len(names)))
    for name in names:
        content = name.encode()
        parts.append(struct.pack("<Q", len(content)) + content)
    return b"".join(parts)


def write(path: Path, values: Mapping[str, Array]) -> None:
    """Write `values`, float32, to the file `path`, atomically and canonically."""
    write_bytes(path, dumps(values))
