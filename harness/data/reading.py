"""From the files of a source to labelled images."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from harness.data import cifar, digits, idx
from harness.data.images import Labelled, Original, check
from harness.data.packing import read_gzip, read_tar
from harness.errors import HarnessError
from harness.spec.dataset import Dataset
from harness.spec.layout import CifarBinary, Idx, Image, Pair

# Pixels and labels of one byte each have three digits and a comma at most.
_CELL = 4


def read(dataset: Dataset, paths: Mapping[str, Path]) -> Original:
    """Return what the files at `paths`, by name, hold.

    Raises
    ------
    HarnessError
        A file is damaged or does not hold what the spec says.
    """
    match dataset.format:
        case Idx() as layout:
            return _read_idx(dataset, layout, paths)
        case CifarBinary() as layout:
            return _read_cifar(dataset, layout, paths)
        case _:
            return read_digits(dataset, dataset.image, len(dataset.classes), paths)


def read_digits(
    dataset: Dataset, image: Image, classes: int, paths: Mapping[str, Path]
) -> Original:
    """Return the single digits in the only file of a source; HarnessError when it is damaged."""
    (path,) = paths.values()
    limit = dataset.records.train * (image.size + 1) * _CELL
    content = read_gzip(path, limit, exact=False)
    found = digits.parse(str(path), content, image)
    train = check(str(path), found, dataset.records.train, image, classes)
    return Original(train, None, {path.name.removesuffix(".gz"): _sha256(content)})


def _read_idx(dataset: Dataset, layout: Idx, paths: Mapping[str, Path]) -> Original:
    sources: dict[str, str] = {}

    def values(
        name: str, shape: tuple[int, ...]
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        content = read_gzip(paths[name], idx.size(shape))
        sources[name.removesuffix(".gz")] = _sha256(content)
        return idx.parse(str(paths[name]), content, shape)

    def part(pair: Pair, records: int) -> Labelled:
        images = values(pair.images, (records, *_flat(dataset)))
        labels = values(pair.labels, (records,)).astype(np.int64)
        found = Labelled(images.reshape(records, *dataset.image.shape), labels)
        return check(str(paths[pair.images]), found, records, dataset.image, len(dataset.classes))

    train = part(layout.train, dataset.records.train)
    return Original(train, part(layout.test, dataset.records.test), sources)


def _flat(dataset: Dataset) -> tuple[int, ...]:
    """Return the shape of an image in an idx file, which has no axis for a single channel."""
    height, width, channels = dataset.image.shape
    return (height, width) if channels == 1 else (height, width, channels)


def _read_cifar(dataset: Dataset, layout: CifarBinary, paths: Mapping[str, Path]) -> Original:
    (path,) = paths.values()
    limits = {
        name: cifar.size(records, layout.label_bytes, dataset.image) // len(names)
        for names, records in _members(dataset, layout)
        for name in names
    }
    contents = read_tar(path, limits)
    parts = [
        _join(path, [contents[name] for name in names], records, dataset, layout)
        for names, records in _members(dataset, layout)
    ]
    sources = {name: _sha256(content) for name, content in contents.items()}
    return Original(parts[0], parts[1], sources)


def _members(dataset: Dataset, layout: CifarBinary) -> list[tuple[Sequence[str], int]]:
    return [(layout.train, dataset.records.train), (layout.test, dataset.records.test)]


def _join(
    path: Path, contents: Sequence[bytes], records: int, dataset: Dataset, layout: CifarBinary
) -> Labelled:
    found = cifar.parse(str(path), b"".join(contents), layout.label_bytes, dataset.image)
    return check(str(path), found, records, dataset.image, len(dataset.classes))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def check_arrays(dataset: Dataset, found: Mapping[str, str]) -> None:
    """Raise HarnessError unless the digests `found` are those that the spec records."""
    wrong = [
        f"\n  {name}: sha256 {found[name]} instead of {wanted}"
        for name, wanted in sorted(dataset.arrays.items())
        if found[name] != wanted
    ]
    if wrong:
        raise HarnessError(
            f"{dataset.dataset}: the arrays are not those that the spec records:{''.join(wrong)}",
            "a changed split or source needs new digests under 'arrays'",
        )
