"""A PNG picture as its pixels: equal pictures have equal bytes, however they are compressed."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from itertools import accumulate

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
_MOST = 1 << 28  # bytes of pixels


def canonical_png(content: bytes) -> bytes:
    """Return width, height, depth, colour type, palette, transparency and pixels of a picture.

    Raises
    ------
    ValueError, struct.error, KeyError
        It is no whole PNG, is interlaced, or has more than 2**28 bytes of pixels.
    """
    chunks: dict[bytes, bytes] = {}
    for kind, data in _chunks(content):
        chunks[kind] = chunks.get(kind, b"") + data
    width, height, depth, colour, *_, interlaced = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    bits = _CHANNELS[colour] * depth
    row = (width * bits + 7) // 8
    size = height * (row + 1)
    if interlaced or size > _MOST or b"IEND" not in chunks:
        raise ValueError("interlaced, too large or cut off")
    try:
        scanlines = zlib.decompressobj().decompress(chunks[b"IDAT"], size + 1)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if len(scanlines) != size:
        raise ValueError("more or fewer pixels than the header says")
    head = chunks[b"IHDR"][:10] + chunks.get(b"PLTE", b"") + chunks.get(b"tRNS", b"")
    return head + b"".join(_rows(scanlines, row, max(bits // 8, 1)))


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not content.startswith(_SIGNATURE):
        raise ValueError("not PNG")
    position = len(_SIGNATURE)
    while position < len(content):
        length, kind = struct.unpack_from(">I4s", content, position)
        end = position + 8 + length
        (check,) = struct.unpack_from(">I", content, end)
        if zlib.crc32(memoryview(content)[position + 4 : end]) != check:
            raise ValueError("a chunk that is damaged")
        yield kind, content[position + 8 : end]
        position = end + 4


def _rows(scanlines: bytes, row: int, pixel: int) -> Iterator[bytes]:
    above = bytes(row)
    for start in range(0, len(scanlines), row + 1):
        line = scanlines[start + 1 : start + 1 + row]
        above = _FILTERS[scanlines[start]](line, above, pixel)
        yield above


def _plain(line: bytes, _above: bytes, _pixel: int) -> bytes:
    return line


def _sub(line: bytes, _above: bytes, pixel: int) -> bytes:
    row = bytearray(len(line))
    for channel in range(pixel):
        row[channel::pixel] = bytes(value & 255 for value in accumulate(line[channel::pixel]))
    return bytes(row)


def _up(line: bytes, above: bytes, _pixel: int) -> bytes:
    if not any(line):
        return above
    return bytes((one + other) & 255 for one, other in zip(line, above, strict=True))


def _average(line: bytes, above: bytes, pixel: int) -> bytes:
    row = bytearray(pixel)
    for one, other in zip(line, above, strict=True):
        row.append((one + (row[-pixel] + other) // 2) & 255)
    return bytes(row[pixel:])


def _paeth(line: bytes, above: bytes, pixel: int) -> bytes:
    row = bytearray(pixel)
    for one, up, corner in zip(line, above, bytes(pixel) + above, strict=False):
        left = row[-pixel]
        by_left, by_up, by_corner = (
            abs(up - corner),
            abs(left - corner),
            abs(left + up - 2 * corner),
        )
        if by_left <= by_up and by_left <= by_corner:
            nearest = left
        else:
            nearest = up if by_up <= by_corner else corner
        row.append((one + nearest) & 255)
    return bytes(row[pixel:])


_FILTERS: dict[int, Callable[[bytes, bytes, int], bytes]] = {
    0: _plain,
    1: _sub,
    2: _up,
    3: _average,
    4: _paeth,
}
