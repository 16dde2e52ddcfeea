"""Named NumPy arrays: as a folder of .npy files with a manifest, or as one safetensors file."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness.errors import HarnessError
from harness.formats import jsonfile
from harness.formats.atomic import write_bytes

MANIFEST = "manifest.json"
Array = np.ndarray[Any, Any]


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
    """Return the arrays that the manifest of `folder` names, mapped read-only into memory."""
    manifest = jsonfile.read(folder / MANIFEST)
    arrays = {}
    for name in manifest["arrays"]:
        path = folder / f"{name}.npy"
        try:
            arrays[name] = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise HarnessError(f"{path}: cannot be read as .npy: {error}") from error
    return arrays


def about(folder: Path) -> dict[str, Any]:
    """Return what the manifest of `folder` says about its arrays."""
    value = jsonfile.read(folder / MANIFEST)["about"]
    assert isinstance(value, dict)
    return value


def write_weights(path: Path, tensors: Mapping[str, Array]) -> None:
    """Write `tensors` as safetensors without metadata, whose bytes are stable."""
    from safetensors.numpy import save

    ordered = {name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)}
    write_bytes(path, save(ordered))


def read_weights(path: Path) -> dict[str, Array]:
    """Return the tensors of a safetensors file."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return dict(load(path.read_bytes()))
    except (OSError, SafetensorError, ValueError) as error:
        raise HarnessError(f"{path}: cannot be read as safetensors: {error}") from error
