"""Batches of images from the arrays of a dataset stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from harness.formats.arrays import Array
from harness.stage.inputs import Inputs
from reproductions.ensemble_kd.data.augmentation import Changes
from reproductions.ensemble_kd.data.check import check_fit, check_images
from reproductions.ensemble_kd.data.order import ordered
from reproductions.ensemble_kd.params.network import Network
from reproductions.ensemble_kd.params.training import Shift

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Batch:
    """Some images of a split.

    Parameters
    ----------
    inputs
        What a network takes, (B, C, H, W) float32.
    labels
        Classes, (B,) int64.
    """

    inputs: Array
    labels: Array


@dataclass(frozen=True, eq=False)
class Split:
    """One split of a dataset as stored, not changed by any use of it.

    Parameters
    ----------
    images
        (N, H, W, C), uint8.
    labels
        Classes, (N,).
    maximum, mean, std
        A value x of a channel enters a network as (x / maximum - mean) / std, in every split alike.
    classes
        How many there are.
    """

    images: Array
    labels: Array
    maximum: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    classes: int

    def __len__(self) -> int:
        return len(self.labels)

    def batches(self, size: int) -> Iterator[Batch]:
        """Every image once, in the stored order; the last batch may be smaller."""
        for start in range(0, len(self), size):
            part = slice(start, start + size)
            yield Batch(self._normalised(self.images[part]), self.labels[part])

    def epoch(
        self, size: int, generator: np.random.Generator, augment: Shift | None = None
    ) -> Iterator[Batch]:
        """Whole batches in an order and with changes that `generator` alone decides."""
        order = ordered(len(self), size, generator)
        changes = Changes.draw(augment, len(self), generator)
        for index in order:
            images = self.images[index]
            if augment is not None:
                images = changes.apply(images, index)
            yield Batch(self._normalised(images), self.labels[index])

    def _normalised(self, images: Array) -> Array:
        """Turn stored images into network inputs, channels first."""
        std = np.asarray(self.std, np.float64)
        factor = (1 / (self.maximum * std)).astype(np.float32)
        offset = (np.asarray(self.mean, np.float64) / std).astype(np.float32)
        scaled = images.astype(np.float32) * factor - offset
        return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))


def read_split(inputs: Inputs, part: Part, network: Network) -> Split:
    """Return one split of the input `images`, which must be what `network` is made for.

    Raises
    ------
    HarnessError
        There are too few images; they have another size, or other channels or classes, than the
        network takes; or a label is none of the classes.
    """
    split, where = _read(inputs, part)
    check_fit(network, split.images, split.classes, where)
    return split


def read_any(inputs: Inputs, part: Part) -> Split:
    """Return one split of the input `images`, of whatever size and classes it is."""
    return _read(inputs, part)[0]


def split_of(arrays: Mapping[str, Array], about: Mapping[str, Any], part: Part) -> Split:
    """Return one split of a dataset's `arrays`, with what is known `about` them."""
    return Split(
        images=arrays[f"{part}_images"],
        labels=np.asarray(arrays[f"{part}_labels"], np.int64),
        maximum=float(about["maximum"]),
        mean=tuple(map(float, about["mean"])),
        std=tuple(map(float, about["std"])),
        classes=int(about["classes"]),
    )


def _read(inputs: Inputs, part: Part) -> tuple[Split, str]:
    about = inputs.about("images")
    split = split_of(inputs.arrays("images"), about, part)
    where = f"dataset '{about['dataset']}', {part}"
    check_images(split.images, split.labels, split.classes, where)
    return split, where
