"""Datasets with a class for each pixel: their parts, their arrays and what is said of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.data.digit_scenes import DigitScenery
from harness.data.images import Indices, Labelled
from harness.data.pairs import Pairs, paired
from harness.data.params import DatasetParams, Limit, Size
from harness.data.reading import read_digits
from harness.data.records import Examples, indexed
from harness.data.resizing import smaller_image, smaller_mask
from harness.data.scene import Scenes
from harness.data.split import Parts, divide, subset
from harness.data.zipped import opened
from harness.spec.dataset import Dataset, MaskLabels
from harness.spec.layout import DigitScenes, PicturePairs, TfRecord

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Part:
    """Some scenes of a collection, as ascending indices."""

    scenes: Scenes
    indices: Indices

    def limited(self, count: int | None, dataset: Dataset) -> Part:
        """Return at most `count` of them, drawn by the split's seed; all for None."""
        alike = _alike(len(self.scenes))
        return Part(self.scenes, subset(alike, self.indices, count, dataset.split))


@dataclass(frozen=True)
class Division:
    """The parts of a dataset by name.

    Parameters
    ----------
    digits
        What each part is composed from; None where the scenes themselves were divided.
    sources
        SHA-256 of each unpacked file that was read as a whole.
    """

    parts: Mapping[str, Part]
    digits: Parts | None = None
    sources: Mapping[str, str] = field(default_factory=dict)

    def limited(self, limit: Limit, dataset: Dataset) -> Division:
        """Return the parts with at most as many scenes as `limit` says."""
        parts = {
            name: part.limited(getattr(limit, name), dataset) for name, part in self.parts.items()
        }
        return replace(self, parts=parts)

    def digests(self) -> dict[str, str]:
        """Return the SHA-256 of the indices of what was divided, by part."""
        drawn = Parts(**{name: part.indices for name, part in self.parts.items()})
        return (self.digits or drawn).digests()


@contextmanager
def divided(dataset: Dataset, paths: Mapping[str, Path]) -> Iterator[Division]:
    """Give the parts of a dataset whose files, by name, are at `paths`; nothing is decoded yet.

    Raises
    ------
    HarnessError
        A file is damaged or does not hold what the spec says.
    """
    with ExitStack() as stack:
        match dataset.format:
            case DigitScenes() as layout:
                yield _composed(dataset, layout, paths)
            case PicturePairs() | TfRecord():
                yield _drawn(dataset, _collections(dataset, paths, stack))
            case _:
                raise AssertionError(dataset.format)


def arrays(
    division: Division, dataset: Dataset, size: Size | None
) -> tuple[dict[str, Array], dict[str, str]]:
    """Return the images and masks of each part, and the SHA-256 of the files decoded for it.

    One scene at a time is decoded and made smaller, straight into the arrays.
    """
    values: dict[str, Array] = {}
    sources: dict[str, str] = {}
    for name, part in division.parts.items():
        read = hashlib.sha256()
        shape = (len(part.indices), *_shape(dataset, size))
        images = np.empty((*shape, dataset.image.channels), dtype=np.uint8)
        masks = np.empty(shape, dtype=np.uint8)
        for row, index in enumerate(part.indices.tolist()):
            scene = part.scenes.scene(index)
            images[row] = smaller_image(scene.image, *shape[1:])
            masks[row] = smaller_mask(scene.mask, *shape[1:])
            read.update(scene.source)
        values[f"{name}_images"], values[f"{name}_labels"] = images, masks
        if not division.sources:
            sources[f"{name}_files"] = read.hexdigest()
    return values, sources


def about(dataset: Dataset, params: DatasetParams, values: Mapping[str, Array]) -> dict[str, Any]:
    """Return what is said of a dataset with masks beside what is said of every dataset."""
    labels = _labels(dataset)
    counts = {name: _counts(values[f"{name}_labels"]) for name in Parts.__dataclass_fields__}
    return {
        "task": "segmentation",
        "ignore": labels.ignore,
        "pixels": {
            name: {"classes": found[: len(dataset.classes)], "ignored": found[labels.ignore]}
            for name, found in counts.items()
        },
        "resize": params.resize.model_dump(mode="json") if params.resize else None,
    }


def _counts(masks: Array) -> list[int]:
    counts = np.zeros(256, dtype=np.int64)
    for mask in masks:
        counts += np.bincount(mask.ravel(), minlength=256)
    found: list[int] = counts.tolist()
    return found


def _shape(dataset: Dataset, size: Size | None) -> tuple[int, int]:
    whole = dataset.image
    return (whole.height, whole.width) if size is None else (size.height, size.width)


def _labels(dataset: Dataset) -> MaskLabels:
    assert isinstance(dataset.labels, MaskLabels)
    return dataset.labels


def _alike(count: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return labels that make a draw a plain one: a mask has no class of its own."""
    return np.zeros(count, dtype=np.int64)


def _composed(dataset: Dataset, layout: DigitScenes, paths: Mapping[str, Path]) -> Division:
    """Divide the digits; each part composes its scenes from its own."""
    source = read_digits(dataset, layout.digit, 10, paths)
    digits = divide(source.train.labels, dataset.split, 0)
    made = {}
    for stream, (name, indices) in enumerate(vars(digits).items()):
        count = getattr(layout, name)
        scenes = DigitScenery(
            digits=_shown(source.train.pick(indices), layout),
            layout=layout,
            image=dataset.image,
            ignore=_labels(dataset).ignore,
            count=count,
            stream=stream,
        )
        made[name] = Part(scenes, np.arange(count, dtype=np.int64))
    return Division(made, digits, source.sources)


def _shown(digits: Labelled, layout: DigitScenes) -> Labelled:
    """Return the digits that are shown, with their places among these as labels."""
    places = np.full(10, -1, dtype=np.int64)
    places[list(layout.shown)] = np.arange(len(layout.shown))
    labels = places[digits.labels]
    return Labelled(digits.images[labels >= 0], labels[labels >= 0])


def _drawn(dataset: Dataset, collections: tuple[Scenes, Scenes | None]) -> Division:
    """Draw the parts from all scenes, or beside an official test set."""
    train, test = collections
    parts = divide(_alike(len(train)), dataset.split, dataset.records.test)
    return Division(
        {
            name: Part(test if name == "test" and test is not None else train, indices)
            for name, indices in vars(parts).items()
        }
    )


def _collections(
    dataset: Dataset, paths: Mapping[str, Path], stack: ExitStack
) -> tuple[Scenes, Scenes | None]:
    """Open the files and return the scenes of the source, train and test."""
    counts = (dataset.records.train, dataset.records.test)
    image, labels, classes = dataset.image, _labels(dataset), len(dataset.classes)
    found: list[Scenes] = []
    match dataset.format:
        case PicturePairs() as layout:
            archives = {name: stack.enter_context(opened(path)) for name, path in paths.items()}
            for part, count in zip(layout.parts, counts, strict=False):
                found.append(Pairs(*paired(part, archives, count), image, labels, classes))
        case TfRecord() as layout:
            for names, count in zip((layout.train, layout.test), counts, strict=True):
                files = [paths[name] for name in names]
                rows = indexed(files, count, image, stack)
                found.append(Examples(rows, image, labels, classes))
    return found[0], found[1] if len(found) > 1 and counts[1] else None
