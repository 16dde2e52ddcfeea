"""The images that a command line names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from harness.data.images import Labelled
from harness.data.statistics import moments
from harness.errors import UsageError
from reproductions.ensemble_kd.cli.images import cifar, digits, mnist
from reproductions.ensemble_kd.cli.plan import Source
from reproductions.ensemble_kd.data.check import check_images
from reproductions.ensemble_kd.data.split import Split

_DUMMY = (512, 128)  # images to train and to test on
_DUMMY_SHAPE = (32, 32, 3)
_DUMMY_CLASSES = 10


@dataclass(frozen=True, eq=False)
class Images:
    """What is trained and what is tested on, both a `Split` or one of records."""

    train: Any
    test: Any
    size: int
    channels: int
    classes: int

    def shortened(self, count: int) -> Images:
        """Return the same images with at most `count` to test on."""
        return replace(self, test=first(self.test, count))


def first(split: Any, count: int) -> Any:
    """Return the first `count` images of a split."""
    if isinstance(split, Split):
        return replace(split, images=split.images[:count], labels=split.labels[:count])
    return split.first(count)


def open_images(source: Source, seed: int) -> Images:
    """Return the images of `source`.

    Parameters
    ----------
    seed
        Of the images that are drawn (`dummy`).

    Raises
    ------
    HarnessError
        They are not there, or are damaged.
    """
    match source.dataset:
        case "imagenet":
            from reproductions.ensemble_kd.cli.images.records import open_records

            train, test = open_records(source.place, source.augmentation)
            return Images(train, test, train.size, 3, train.classes)
        case "cifar10" | "cifar100":
            parts = cifar.read(source.dataset, source.place)
            return _split(source, parts, 255, cifar.CLASSES[source.dataset], cifar.MOMENTS)
        case "mnist":
            return _split(source, mnist.read(source.place), 255, mnist.CLASSES)
        case "dummy":
            return _split(source, _draw(seed), 255, _DUMMY_CLASSES)
    found = digits.read(source.place)
    return _split(source, found.parts, found.maximum, found.classes, found.moments)


def _split(
    source: Source,
    parts: tuple[Labelled, Labelled],
    maximum: int,
    classes: int,
    known: tuple[tuple[float, ...], tuple[float, ...]] | None = None,
) -> Images:
    """Return `parts` to train and test on, normalised alike."""
    for part, name in zip(parts, ("to train on", "to test on"), strict=True):
        where = f"--dataset {source.dataset}, images {name}"
        check_images(part.images, part.labels, classes, where)
    _, height, width, channels = parts[0].images.shape
    if parts[1].images.shape[1:] != (height, width, channels) or height != width:
        raise UsageError(
            f"--dataset {source.dataset}: images of {height}x{width}x{channels} to train on and of "
            f"{'x'.join(map(str, parts[1].images.shape[1:]))} to test on",
            "give square images of one size",
        )
    mean, std = known or _moments(parts[0], maximum)
    train, test = (
        Split(part.images, part.labels, float(maximum), mean, std, classes) for part in parts
    )
    return Images(train, test, width, channels, classes)


def _moments(part: Labelled, maximum: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    mean, std = moments(part.images, maximum)
    # A channel that is the same everywhere has no deviation to divide by.
    return tuple(mean), tuple(one or 1.0 for one in std)


def _draw(seed: int) -> tuple[Labelled, Labelled]:
    generator = np.random.Generator(np.random.PCG64(seed))
    train, test = (
        Labelled(
            generator.integers(0, 256, (count, *_DUMMY_SHAPE), dtype=np.uint8),
            generator.integers(0, _DUMMY_CLASSES, count),
        )
        for count in _DUMMY
    )
    return train, test
