"""Checksums of named tensors: which one of them has changed."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import numpy as np

from harness.errors import HarnessError
from harness.formats.arrays import Array

NAME = "checksums"
"""Of the tensor with one CRC-32 for each other tensor, by name, and a last one of those."""


def with_checksums(tensors: Mapping[str, Array]) -> dict[str, Array]:
    """Return `tensors` with the tensor of their checksums."""
    sums = np.array([_checksum(name, tensors[name]) for name in sorted(tensors)], "<u4")
    return {**tensors, NAME: np.append(sums, np.uint32(zlib.crc32(sums.tobytes()))).astype("<u4")}


def check(tensors: Mapping[str, Array], source: str) -> None:
    """Compare all tensors with their checksums; nothing is changed.

    Raises
    ------
    HarnessError
        It names the tensor that is not as it was written.
    """
    others = sorted(name for name in tensors if name != NAME)
    if NAME not in tensors:
        raise HarnessError(
            f"{source} has no tensor '{NAME}', and is no store of a packed ensemble", _AGAIN
        )
    sums = tensors[NAME]
    sound = sums.dtype == np.uint32 and sums.shape == (len(others) + 1,)
    if sums.dtype == np.uint32 and sums.ndim == 1 and not sound:
        raise HarnessError(
            f"{source} has {len(others)} tensors and checksums of {len(sums) - 1}", _AGAIN
        )
    if not sound or zlib.crc32(sums[:-1].astype("<u4").tobytes()) != int(sums[-1]):
        raise _damaged(NAME, source)
    for name, wanted in zip(others, sums, strict=False):
        if _checksum(name, tensors[name]) != int(wanted):
            raise _damaged(name, source)


_AGAIN = "pack the ensemble anew, or take a copy of the file that is whole"


def _damaged(name: str, source: str) -> HarnessError:
    return HarnessError(
        f"{source}: the tensor '{name}' is damaged: its checksum is another one", _AGAIN
    )


def _checksum(name: str, tensor: Array) -> int:
    """Of the name, type and shape too, so that no tensor can take another's place."""
    head = f"{name} {tensor.dtype.str.lstrip('<|=')} {tensor.shape}".encode()
    return zlib.crc32(np.ascontiguousarray(tensor).tobytes(), zlib.crc32(head))
