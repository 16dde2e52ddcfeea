"""A tensor as bytes: its type, its shape, its numbers."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

import numpy as np

from harness.errors import HarnessError
from harness.formats.arrays import Array

DTYPES = ("float32", "int8", "uint8")
MAX_DIMENSIONS = 8

# Made once: every question and answer needs them, and NumPy takes its time to make one.
_SENT = {name: np.dtype(name).newbyteorder("<") for name in DTYPES}

# Four bytes and four a dimension: the numbers behind them lie where single precision wants them.
_HEAD = struct.Struct("<HH")
_SIZE = struct.Struct("<I")


class MessageError(ValueError):
    """Bytes that are not what they should be; `str` of it says how, without the sender's name."""


def tensor_bytes(shape: Sequence[int], dtype: str) -> int:
    """Return how many bytes a tensor of this shape and type takes on the wire."""
    return _HEAD.size + _SIZE.size * len(shape) + math.prod(shape) * _SENT[dtype].itemsize


def pack_tensor(array: Array) -> tuple[bytes, memoryview]:
    """Return the head of a tensor and its numbers, little-endian, in the order of C.

    Raises
    ------
    HarnessError
        It has a type that is not sent, no numbers, or too many dimensions.
    """
    name = array.dtype.name
    if name not in _SENT or not 1 <= array.ndim <= MAX_DIMENSIONS or not array.size:
        raise HarnessError(
            f"a tensor {name}{list(array.shape)} cannot be sent",
            f"send {', '.join(DTYPES)} with 1 to {MAX_DIMENSIONS} dimensions, none of them empty",
        )
    head = _HEAD.pack(DTYPES.index(name), array.ndim)
    sizes = b"".join(map(_SIZE.pack, array.shape))
    numbers = np.ascontiguousarray(array, _SENT[name])
    return head + sizes, numbers.reshape(-1).view(np.uint8).data


def unpack_tensor(body: bytes, offset: int = 0) -> Array:
    """Return the tensor that `body` is from `offset` to its end; it shares the memory of `body`.

    Raises
    ------
    MessageError
        It is no tensor, or has more or fewer bytes than its shape and type say.
    """
    start = offset + _HEAD.size
    if len(body) < start:
        raise MessageError("no tensor where one should be")
    code, dimensions = _HEAD.unpack_from(body, offset)
    if code >= len(DTYPES):
        raise MessageError(f"a tensor of unknown type {code}")
    start += _SIZE.size * dimensions
    if not 1 <= dimensions <= MAX_DIMENSIONS or len(body) < start:
        raise MessageError(f"a tensor of {dimensions} dimensions")
    shape = struct.unpack_from(f"<{dimensions}I", body, offset + _HEAD.size)
    if not math.prod(shape) or len(body) - offset != tensor_bytes(shape, DTYPES[code]):
        raise MessageError(
            f"{len(body) - offset} bytes for a tensor {DTYPES[code]}{list(shape)}, which takes "
            f"{tensor_bytes(shape, DTYPES[code])}"
        )
    numbers = np.frombuffer(body, _SENT[DTYPES[code]], offset=start)
    return numbers.reshape(shape)
