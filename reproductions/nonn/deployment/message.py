"""What host and node say to each other: frames, of which nothing changed passes for another.

A frame is a head of 22 bytes and a body, all little-endian::

    4  "NoNN"          4  number of the question      4  CRC-32 of the body
    1  version         4  length of the body          4  CRC-32 of the 18 bytes before
    1  kind

A head has a checksum of its own, so that a wrong length is told at once and not waited for. The
node answers with the number of the question, by which a late answer is known for what it is.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from harness.errors import plain
from harness.formats.arrays import Array
from reproductions.nonn.deployment.tensor import (
    MessageError,
    pack_tensor,
    tensor_bytes,
    unpack_tensor,
)

VERSION = 1
MAX_BODY = 1 << 28  # bytes of the largest model that is sent
MAX_ANSWER = 1 << 20  # bytes of the largest body that a node sends
MAX_WORDS = 2000  # characters of a fault

_MAGIC = b"NoNN"
_HEAD = struct.Struct("<4sBBIII")
_CHECK = struct.Struct("<I")
_DEVICE_TIME = struct.Struct("<Q")
_RUNS = struct.Struct("<II")
_SECONDS = struct.Struct("<d")
_BYTES = struct.Struct("<QQ")

HEADER_BYTES = _HEAD.size + _CHECK.size


class Kind(IntEnum):
    """What a frame is about: what a host wants, each with its answer, and a fault."""

    LOAD = 1  # a model
    LOADED = 2
    ASK = 3  # an image
    ANSWER = 4  # what the model says, and how long it took
    TIME = 5  # an image, and how often it shall run
    TIMES = 6  # seconds of one run
    FAULT = 7  # words
    COUNT = 8  # nothing
    COUNTS = 9  # bytes between the worker and a device behind it


_KINDS = frozenset(int(kind) for kind in Kind)


@dataclass(frozen=True)
class Frame:
    """One frame that has arrived whole."""

    kind: Kind
    number: int
    body: bytes

    @property
    def size(self) -> int:
        """Its bytes on the wire."""
        return HEADER_BYTES + len(self.body)


def pack(kind: Kind, number: int, *parts: bytes | memoryview) -> bytes:
    """Return the frame whose body is `parts`, one behind the other."""
    check = length = 0
    for part in parts:
        check = zlib.crc32(part, check)
        length += len(part)
    head = _HEAD.pack(_MAGIC, VERSION, kind, number, length, check)
    return b"".join([head, _CHECK.pack(zlib.crc32(head)), *parts])


def frame_bytes(kind: Kind, shape: Sequence[int], dtype: str) -> int:
    """Return the bytes on the wire of the ASK or ANSWER that carries such a tensor."""
    time = {Kind.ASK: 0, Kind.ANSWER: _DEVICE_TIME.size}[kind]
    return HEADER_BYTES + time + tensor_bytes(shape, dtype)


def load(number: int, model: bytes) -> bytes:
    """Return the frame that hands a model to a node."""
    return pack(Kind.LOAD, number, model)


def ask(number: int, image: Array) -> bytes:
    """Return the frame that asks what the model says to `image`."""
    return pack(Kind.ASK, number, *pack_tensor(image))


def answer(number: int, device_ns: int, array: Array) -> bytes:
    """Return the frame that says `array`, which took the device so many nanoseconds."""
    return pack(Kind.ANSWER, number, _DEVICE_TIME.pack(device_ns), *pack_tensor(array))


def read_answer(frame: Frame) -> tuple[int, Array]:
    """Return the nanoseconds and the tensor of an ANSWER.

    Raises
    ------
    MessageError
        The body is no answer.
    """
    if len(frame.body) < _DEVICE_TIME.size:
        raise MessageError(f"an answer of {len(frame.body)} bytes")
    (device_ns,) = _DEVICE_TIME.unpack_from(frame.body)
    return device_ns, unpack_tensor(frame.body, _DEVICE_TIME.size)


def time(number: int, image: Array, runs: int, repeat: int) -> bytes:
    """Return the frame that has the model timed, `repeat` times the mean of `runs` runs."""
    return pack(Kind.TIME, number, _RUNS.pack(runs, repeat), *pack_tensor(image))


def read_time(frame: Frame) -> tuple[Array, int, int]:
    """Return the image, the runs and the repetitions of a TIME.

    Raises
    ------
    MessageError
        The body is none of a TIME.
    """
    if len(frame.body) < _RUNS.size:
        raise MessageError(f"a wish for times of {len(frame.body)} bytes")
    runs, repeat = _RUNS.unpack_from(frame.body)
    return unpack_tensor(frame.body, _RUNS.size), runs, repeat


def times(number: int, seconds: Sequence[float]) -> bytes:
    """Return the frame that says how many seconds one run took, each time."""
    return pack(Kind.TIMES, number, b"".join(map(_SECONDS.pack, seconds)))


def read_times(frame: Frame) -> list[float]:
    """Return the seconds of a TIMES.

    Raises
    ------
    MessageError
        The body holds no whole numbers of seconds.
    """
    if len(frame.body) % _SECONDS.size:
        raise MessageError(f"times of {len(frame.body)} bytes")
    return [seconds for (seconds,) in _SECONDS.iter_unpack(frame.body)]


def counts(number: int, traffic: tuple[int, int] | None) -> bytes:
    """Return the frame that says how many bytes went to a device behind the worker, and back."""
    return pack(Kind.COUNTS, number, _BYTES.pack(*traffic) if traffic else b"")


def read_counts(frame: Frame) -> tuple[int, int] | None:
    """Return the bytes sent to the device and received from it; None where there is none.

    Raises
    ------
    MessageError
        The body is none of a COUNTS.
    """
    if not frame.body:
        return None
    if len(frame.body) != _BYTES.size:
        raise MessageError(f"counts of {len(frame.body)} bytes")
    sent, received = _BYTES.unpack(frame.body)
    return sent, received


def fault(number: int, words: str) -> bytes:
    """Return the frame that says what went wrong."""
    return pack(Kind.FAULT, number, words[:MAX_WORDS].encode(errors="replace"))


def read_fault(frame: Frame) -> str:
    """Return what went wrong, on one line and without what steers a terminal."""
    words = frame.body.decode(errors="replace")[:MAX_WORDS]
    return plain(" ".join(words.split())) or "no words"


class Reader:
    """Turns the bytes of a connection, however they are cut, into frames.

    Parameters
    ----------
    limit
        Bytes of the largest body that is taken in; nothing is set aside for a larger one.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()

    @property
    def begun(self) -> bool:
        """Whether a part of a frame has come."""
        return bool(self._buffer)

    def feed(self, piece: bytes | memoryview) -> Iterator[Frame]:
        """Take in the next bytes and yield every frame that is complete with them.

        Raises
        ------
        MessageError
            What has come is no frame, or not what was sent. The connection is of no more use.
        """
        self._buffer += piece
        while (length := self._length()) is not None:
            end = HEADER_BYTES + length
            if len(self._buffer) < end:
                return
            _, _, kind, number, _, check = _HEAD.unpack_from(self._buffer)
            with memoryview(self._buffer) as view:
                body = bytes(view[HEADER_BYTES:end])
            del self._buffer[:end]
            if zlib.crc32(body) != check:
                raise MessageError("a body that is not what was sent (its checksum differs)")
            yield Frame(Kind(kind), number, body)

    def _length(self) -> int | None:
        """The length of the body that begins the buffer; None when its head is not there yet."""
        if len(self._buffer) < HEADER_BYTES:
            return None
        magic, version, kind, _, length, _ = _HEAD.unpack_from(self._buffer)
        if magic != _MAGIC:
            raise MessageError("bytes of another protocol")
        if version != VERSION:
            raise MessageError(f"version {version} of the protocol, where {VERSION} is spoken")
        (check,) = _CHECK.unpack_from(self._buffer, _HEAD.size)
        if zlib.crc32(self._buffer[: _HEAD.size]) != check:
            raise MessageError("the head of a frame that is not what was sent (checksum)")
        if kind not in _KINDS:
            raise MessageError(f"a frame of unknown kind {kind}")
        if length > self._limit:
            raise MessageError(f"a frame of {length} bytes, where {self._limit} are allowed")
        return int(length)
