"""MNIST's four files, and those of datasets with its layout."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from harness.data.idx import parse
from harness.data.images import Labelled
from harness.errors import UsageError
from reproductions.ensemble_kd.cli.images.files import content

CLASSES = 10

_PARTS = ("train", "t10k")
_SIDE = 28
_HEADER = 8  # bytes up to the end of the number of records
_MOST = 60_000
_LARGEST = 16 + _MOST * _SIDE * _SIDE


def read(folder: Path) -> tuple[Labelled, Labelled]:
    """Return the images to train and to test on, (N, 28, 28, 1).

    Raises
    ------
    HarnessError
        A file is missing or damaged.
    """
    train, test = (_part(folder, part) for part in _PARTS)
    return train, test


def _part(folder: Path, part: str) -> Labelled:
    images, count = _file(folder, f"{part}-images-idx3-ubyte")
    labels, _ = _file(folder, f"{part}-labels-idx1-ubyte")
    pixels = parse(f"{folder}: images of {part}", images, (count, _SIDE, _SIDE))
    classes = parse(f"{folder}: labels of {part}", labels, (count,))
    return Labelled(pixels[..., None], classes.astype(np.int64))


def _file(folder: Path, name: str) -> tuple[bytes, int]:
    """Return the content of a file and the number of its records."""
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            found = content(path, _LARGEST)
            if len(found) < _HEADER:
                raise UsageError(f"{path}: ends inside its header", "get the file again")
            return found, struct.unpack(">I", found[4:_HEADER])[0]
    raise UsageError(
        f"--data-path {folder}: it holds no {name} and no {name}.gz",
        "give the folder with MNIST's four files",
    )
