"""Whether a file of unpublished bytes is one of its dataset, by its layout."""

from __future__ import annotations

from pathlib import Path

from harness.data import pairs, records, tfrecord
from harness.data.zipped import opened
from harness.errors import HarnessError
from harness.spec.dataset import Archive, Dataset
from harness.spec.layout import PicturePairs, TfRecord


def stranger(dataset: Dataset, archive: Archive, path: Path) -> str | None:
    """Say why `path` is no `archive` of the dataset; None when it is, as far as its layout tells.

    No picture is decoded: the stage that materialises the dataset does that.
    """
    if archive.known:
        return None
    try:
        match dataset.format:
            case PicturePairs() as layout:
                _check_zip(dataset, layout, archive, path)
            case TfRecord():
                if not tfrecord.places(path, records.limit(dataset.image)):
                    return "holds no record"
            case _:
                return None
    except HarnessError as error:
        return error.message.removeprefix(f"{path}: ")
    return None


def _check_zip(dataset: Dataset, layout: PicturePairs, archive: Archive, path: Path) -> None:
    counts = (dataset.records.train, dataset.records.test)
    with opened(path) as file:
        for part, count in zip(layout.parts, counts, strict=False):
            for members in part.both:
                if members.archive == archive.name:
                    found = len(pairs.keys(file.members, members))
                    pairs.check_count(file, members, found, count)
