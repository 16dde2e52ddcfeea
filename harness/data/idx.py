"""MNIST's idx format: big-endian magic number and sizes, then unsigned bytes."""

from __future__ import annotations

import math
import struct

import numpy as np

from harness.data.images import Pixels
from harness.errors import HarnessError

_UNSIGNED_BYTE = 0x08


def size(shape: tuple[int, ...]) -> int:
    """Return the bytes that an idx file with values of `shape` has."""
    return 4 + 4 * len(shape) + math.prod(shape)


def parse(name: str, content: bytes, shape: tuple[int, ...]) -> Pixels:
    """Return the values of an idx file, which must have `shape`.

    Raises
    ------
    HarnessError
        The magic number, the sizes or the number of values are not those of `shape`.
    """
    magic = struct.pack(">HBB", 0, _UNSIGNED_BYTE, len(shape))
    if content[:4] != magic:
        raise HarnessError(f"{name}: begins with {content[:4].hex()}, idx with {magic.hex()}")
    start = 4 + 4 * len(shape)
    header = content[4:start]
    if len(header) < start - 4:
        raise HarnessError(f"{name}: ends inside its header")
    found = struct.unpack(f">{len(shape)}I", header)
    if found != shape:
        raise HarnessError(f"{name}: holds values of shape {found}, the spec says {shape}")
    if len(content) != size(shape):
        raise HarnessError(f"{name}: has {len(content)} bytes instead of {size(shape)}")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)
