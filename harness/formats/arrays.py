"""Named NumPy arrays: as a folder of .npy files with a manifest, or as one safetensors file."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Mapping
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap

from harness.errors import HarnessError
from harness.formats import jsonfile
from harness.formats.atomic import write_bytes

MANIFEST = "manifest.json"
Array = np.ndarray[Any, Any]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}")
# Truth values, whole numbers, floating-point numbers, complex numbers and text; no objects.
_PLAIN = "?biufcU"
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
# The header of a .npy file is a literal of Python: NumPy parses it, and lets these escape.
_UNREADABLE = (
    OSError, ValueError, TypeError, OverflowError, MemoryError,
    SyntaxError, TokenError, RecursionError,
)  # fmt: skip
_AGAIN = "make it anew with `dvc repro --force` and the name of its stage"


def write_folder(folder: Path, arrays: Mapping[str, Array], about: Mapping[str, Any]) -> None:
    """Write each array as ``<name>.npy`` and a manifest with shapes, dtypes and SHA-256.

    `about` is kept under the manifest's key ``about``: where the arrays come from.
    """
    entries = {}
    for name, array in sorted(arrays.items()):
        buffer = io.BytesIO()
        np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
        content = buffer.getvalue()
        write_bytes(folder / f"{name}.npy", content)
        entries[name] = {
            "dtype": str(array.dtype),
            "shape": list(array.shape),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
    jsonfile.write(folder / MANIFEST, {"about": dict(about), "arrays": entries})


def read_folder(folder: Path) -> dict[str, Array]:
    """Return the arrays that the manifest of `folder` names, mapped read-only into memory.

    Raises
    ------
    HarnessError
        The manifest is damaged, or a file is not the array that it describes. Nothing is ever
        unpickled.
    """
    entries = _manifest(folder).get("arrays")
    if not isinstance(entries, dict):
        raise _damaged(folder, "'arrays' is not a mapping")
    return {name: _array(folder, name, entry) for name, entry in entries.items()}


def about(folder: Path) -> dict[str, Any]:
    """Return what the manifest of `folder` says about its arrays."""
    value = _manifest(folder).get("about")
    if not isinstance(value, dict):
        raise _damaged(folder, "'about' is not a mapping")
    return value


def _manifest(folder: Path) -> dict[str, Any]:
    manifest = jsonfile.read(folder / MANIFEST)
    if not isinstance(manifest, dict):
        raise _damaged(folder, "it is not a mapping")
    return manifest


def _damaged(folder: Path, said: str) -> HarnessError:
    return HarnessError(f"{folder / MANIFEST}: damaged: {said}", _AGAIN)


def _array(folder: Path, name: str, entry: Any) -> Array:
    if not _NAME.fullmatch(name) or not isinstance(entry, dict):
        raise _damaged(folder, f"there can be no array {name[:60]!r}")
    path = folder / f"{name}.npy"
    if path.exists() and not path.is_file():
        raise HarnessError(f"{path}: cannot be read as .npy: it is no file", _AGAIN)
    try:
        # numpy.load would also open a zip file; this reads .npy and nothing else.
        array: Array = open_memmap(path, mode="r")
    except _UNREADABLE as error:
        said = _ADDRESS.sub("", str(error))
        raise HarnessError(f"{path}: cannot be read as .npy: {said}", _AGAIN) from error
    found = {"dtype": str(array.dtype), "shape": list(array.shape)}
    wanted = {key: entry.get(key) for key in found}
    if array.dtype.kind not in _PLAIN or found != wanted:
        raise HarnessError(f"{path}: holds {found}, its manifest says {wanted}", _AGAIN)
    return array


def write_weights(path: Path, tensors: Mapping[str, Array]) -> None:
    """Write `tensors` as safetensors without metadata, whose bytes are stable."""
    from safetensors.numpy import save

    ordered = {name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)}
    write_bytes(path, save(ordered))


def read_weights(path: Path) -> dict[str, Array]:
    """Return the tensors of a safetensors file.

    Raises
    ------
    HarnessError
        It is no safetensors file, or one that this project does not write: with metadata, with
        numbers that NumPy does not have, with a name twice.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    if path.exists() and not path.is_file():
        raise HarnessError(f"{path}: cannot be read as safetensors: it is no file", _AGAIN)
    try:
        content = path.read_bytes()
        tensors = dict(load(content))
    except (OSError, SafetensorError, ValueError, OverflowError) as error:
        raise HarnessError(f"{path}: cannot be read as safetensors: {error}", _AGAIN) from error
    except KeyError as error:
        said = f"cannot be read as safetensors: NumPy has no numbers of type {error}"
        raise HarnessError(f"{path}: {said}", _AGAIN) from error
    _check_header(path, content)
    return tensors


def _check_header(path: Path, content: bytes) -> None:
    """Refuse what the library passes over: a name given twice, and metadata."""
    # The library has compared the length, in the first eight bytes, with the file.
    length = int.from_bytes(content[:8], "little")
    header = jsonfile.loads(content[8 : 8 + length], str(path))
    if "__metadata__" in header:
        raise HarnessError(f"{path}: has metadata, which this project never writes", _AGAIN)
