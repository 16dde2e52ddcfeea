"""The content of a file apart from the way in which it is written.

Two files have equal content when their canonical forms are equal: an array with its dtype and
shape, tensors by name, a table's cells, a JSON value, a picture's pixels, the lines of a text. Our
own writers write most formats in canonical form already; the content of such a file is the file,
and a large array is not hashed twice. The standard library alone, like the launcher.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from harness.stage.pixels import canonical_png

_CHUNK = 1 << 20
_MOST_PARSED = 64 << 20  # bytes; a larger file of a format that is parsed whole has no content
_MOST_HEADER = {".npy": 10_000, ".safetensors": 100_000_000}  # bytes, as their readers have it
_GROWTH = 21  # characters that NumPy leaves in a header for the first axis to grow
_ALIGNMENT = {".npy": 64, ".safetensors": 8}
# The order in which safetensors stores tensors is by dtype, last of these first, then by name.
_DTYPES = "BOOL U8 I8 F8_E5M2 F8_E4M3 I16 U16 F16 BF16 I32 U32 F32 F64 I64 U64".split()  # noqa: SIM905


def content_sha256(path: Path, sha256: str | None = None) -> str | None:
    """Return the SHA-256 of the canonical form of what `path` holds.

    Parameters
    ----------
    sha256
        That of the file, when it is known. It is returned when the file is in canonical form.

    Returns
    -------
    The digest; None when the format has no canonical form here, or the file is not whole.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    if path.suffix in _STORED:
        with path.open("rb") as file:
            try:
                stored = _STORED[path.suffix](file)
            except _UNREADABLE:
                return None
            return sha256 if sha256 and stored.is_file(file) else stored.digest(file)
    parse = _PARSED.get(path.suffix)
    if parse is None or path.stat().st_size > _MOST_PARSED:
        return None
    try:
        return hashlib.sha256(parse(path.read_bytes())).hexdigest()
    except _UNREADABLE:
        return None


@dataclass(frozen=True)
class _Stored:
    """A canonical head, and the pieces of the file that follow it as (offset, bytes)."""

    head: bytes
    pieces: tuple[tuple[int, int], ...]

    def is_file(self, file: BinaryIO) -> bool:
        """Whether the file is this, byte for byte."""
        position = len(self.head)
        for offset, length in self.pieces:
            if offset != position:
                return False
            position += length
        file.seek(0)
        return file.read(len(self.head)) == self.head and file.seek(0, 2) == position

    def digest(self, file: BinaryIO) -> str:
        """Return the SHA-256 of the canonical form."""
        digest = hashlib.sha256(self.head)
        for offset, length in self.pieces:
            for chunk in _read(file, offset, length):
                digest.update(chunk)
        return digest.hexdigest()


def _read(file: BinaryIO, offset: int, length: int) -> Iterator[bytes]:
    file.seek(offset)
    while length > 0 and (chunk := file.read(min(length, _CHUNK))):
        length -= len(chunk)
        yield chunk


def _npy(file: BinaryIO) -> _Stored:
    import ast

    magic, major = file.read(6), file.read(2)[:1]
    if magic != b"\x93NUMPY":
        raise ValueError("not .npy")
    size = "<H" if major == b"\x01" else "<I"
    (length,) = struct.unpack(size, file.read(struct.calcsize(size)))
    if length > _MOST_HEADER[".npy"]:
        raise ValueError("a header that is too long")
    header = ast.literal_eval(file.read(length).decode().strip())
    start = file.tell()
    head = _npy_head(header["descr"], header["fortran_order"], header["shape"])
    return _Stored(head, ((start, file.seek(0, 2) - start),))


def _npy_head(descr: object, fortran: bool, shape: tuple[int, ...]) -> bytes:
    text = f"{{'descr': {descr!r}, 'fortran_order': {fortran!r}, 'shape': {shape!r}, }}"
    if shape:
        text += " " * (_GROWTH - len(repr(shape[-1 if fortran else 0])))
    before = len(b"\x93NUMPY\x01\x00") + 2
    edge = _ALIGNMENT[".npy"]
    text += " " * (edge - (before + len(text) + 1) % edge) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def _safetensors(file: BinaryIO) -> _Stored:
    (length,) = struct.unpack("<Q", file.read(8))
    if length > _MOST_HEADER[".safetensors"]:
        raise ValueError("a header that is too long")
    header = json.loads(file.read(length), object_pairs_hook=_unique)
    header.pop("__metadata__", None)
    start = file.tell()
    position, entries, pieces = 0, {}, []
    for name in sorted(header, key=lambda name: (-_rank(header[name]["dtype"]), name)):
        tensor = header[name]
        first, end = tensor["data_offsets"]
        pieces.append((start + first, end - first))
        offsets = [position, position + end - first]
        entries[name] = {**_described(tensor), "data_offsets": offsets}
        position += end - first
    if position != file.seek(0, 2) - start or any(size < 0 for _, size in pieces):
        raise ValueError("tensors that overlap or leave gaps")
    return _Stored(_safetensors_head(entries), tuple(pieces))


def _rank(dtype: str) -> int:
    return _DTYPES.index(dtype) if dtype in _DTYPES else -1


def _described(tensor: dict[str, Any]) -> dict[str, Any]:
    return {"dtype": tensor["dtype"], "shape": tensor["shape"]}


def _safetensors_head(entries: dict[str, Any]) -> bytes:
    text = json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % _ALIGNMENT[".safetensors"])
    return struct.pack("<Q", len(text)) + text


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _csv(content: bytes) -> bytes:
    import csv

    text = io.StringIO()
    rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
    try:
        csv.writer(text, lineterminator="\n").writerows(rows)
    except csv.Error as error:
        raise ValueError(str(error)) from error
    return text.getvalue().encode()


def _json(content: bytes) -> bytes:
    value = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_unique)
    text = json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    return text.encode() + b"\n"


def _text(content: bytes) -> bytes:
    return content.decode("utf-8-sig").replace("\r\n", "\n").encode()


_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, SyntaxError, IndexError,
               struct.error, RecursionError, MemoryError)  # fmt: skip
_STORED: dict[str, Callable[[BinaryIO], _Stored]] = {".npy": _npy, ".safetensors": _safetensors}
_PARSED: dict[str, Callable[[bytes], bytes]] = {
    ".csv": _csv,
    ".json": _json,
    ".png": canonical_png,
    **dict.fromkeys((".md", ".svg", ".tex", ".txt"), _text),
}
