"""The message `Example`, a mapping from names to lists of values, in protocol buffers' format.

Only what is needed of the format is read: fields by number, variable-length integers, and
contents that tell their length. Lists of floating-point numbers are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.errors import HarnessError

Value = bytes | int

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED = {_FIXED64: 8, _FIXED32: 4}
# `Example` has its features in field 1, which have entries in field 1, each with a key and a
# feature; that has one list, whose values are in field 1.
_ONLY, _KEY, _FEATURE = 1, 1, 2
_BYTES_LIST, _INTEGERS = 1, 3
_LONGEST = 10


def features(name: str, content: bytes) -> dict[str, tuple[Value, ...]]:
    """Return the values of an `Example` by their names.

    Raises
    ------
    HarnessError
        The bytes are no such message, or a name comes twice; the message begins with `name`.
    """
    try:
        entries = [
            _entry(entry)
            for lists in _contents(memoryview(content), _ONLY)
            for entry in _contents(lists, _ONLY)
        ]
    except (_Damaged, UnicodeDecodeError) as error:
        said = "a name is no UTF-8" if isinstance(error, UnicodeDecodeError) else error
        raise HarnessError(f"{name}: is no Example message: {said}") from error
    found = dict(entries)
    if len(found) < len(entries):
        raise HarnessError(f"{name}: is no Example message: a name comes twice")
    return found


class _Damaged(Exception):  # noqa: N818 - it becomes a HarnessError as soon as its file is known
    """Bytes that are no message; the text says why."""


def _entry(entry: memoryview) -> tuple[str, tuple[Value, ...]]:
    keys = list(_contents(entry, _KEY))
    if len(keys) != 1:
        raise _Damaged(f"an entry has {len(keys)} names")
    values: list[Value] = []
    for feature in _contents(entry, _FEATURE):
        for number, part in _fields(feature):
            if number == _BYTES_LIST:
                values += (bytes(value) for value in _contents(_long(part), _ONLY))
            elif number == _INTEGERS:
                values += _integers(_long(part))
    return str(bytes(keys[0]), "utf-8"), tuple(values)


def _integers(part: memoryview) -> Iterator[int]:
    """Yield the integers of a list, written one by one or all together."""
    for number, value in _fields(part):
        if number != _ONLY:
            continue
        if isinstance(value, int):
            yield value
        else:
            place = 0
            while place < len(value):
                one, place = _varint(value, place)
                yield one


def _contents(part: memoryview, wanted: int) -> Iterator[memoryview]:
    """Yield the contents of all fields of the number `wanted`."""
    for number, value in _fields(part):
        if number == wanted:
            yield _long(value)


def _long(value: memoryview | int) -> memoryview:
    if isinstance(value, int):
        raise _Damaged("a number stands where a content belongs")
    return value


def _fields(part: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    """Yield each field's number and value; fields of fixed width are passed over."""
    place = 0
    while place < len(part):
        tag, place = _varint(part, place)
        number, kind = tag >> 3, tag & 7
        if number == 0:
            raise _Damaged("a field has the number 0")
        if kind == _VARINT:
            value, place = _varint(part, place)
            yield number, value
        elif kind in (_BYTES, *_FIXED):
            size, place = _varint(part, place) if kind == _BYTES else (_FIXED[kind], place)
            if size > len(part) - place:
                raise _Damaged(f"a content of {size} bytes ends early")
            if kind == _BYTES:
                yield number, part[place : place + size]
            place += size
        else:
            raise _Damaged(f"a field is of the kind {kind}")


def _varint(part: memoryview, place: int) -> tuple[int, int]:
    """Return the integer at `place`, seven bits a byte, and the place behind it."""
    value = 0
    for index in range(_LONGEST):
        if place + index >= len(part):
            raise _Damaged("a number ends early")
        byte = part[place + index]
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value & (1 << 64) - 1, place + index + 1
    raise _Damaged("a number is longer than ten bytes")
