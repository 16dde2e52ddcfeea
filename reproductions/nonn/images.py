"""Batches of images from the arrays of a dataset stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from harness.errors import HarnessError
from harness.formats.arrays import Array
from harness.stage.inputs import Inputs
from reproductions.nonn.params.network import Network
from reproductions.nonn.params.training import Augmentation

Part = Literal["train", "validation", "test"]
_PLAIN = Augmentation()


@dataclass(frozen=True)
class Batch:
    """Some images of one split.

    Parameters
    ----------
    images
        Normalised, (B, C, H, W) float32.
    labels
        Classes, (B,) int64.
    index
        Their positions in the split, (B,) int64.
    """

    images: Tensor
    labels: Tensor
    index: Tensor


@dataclass(frozen=True)
class Split:
    """One split of a dataset, as stored: (N, H, W, C) uint8 with classes (N,) int64.

    `maximum`, `mean` and `std` normalise every split alike; the release normalised the test
    images by the statistics of another dataset.
    """

    images: Tensor
    labels: Tensor
    maximum: float
    mean: Tensor
    std: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def normalised(self, images: Tensor) -> Tensor:
        """Turn stored images (B, H, W, C) into network inputs (B, C, H, W), channels last."""
        scaled = (images.float() / self.maximum - self.mean) / self.std
        return scaled.permute(0, 3, 1, 2)

    def batches(self, size: int) -> Iterator[Batch]:
        """Every image once, in the stored order, without augmentation."""
        for index in torch.split(torch.arange(len(self)), size):
            images = self.images[index]
            yield Batch(self.normalised(images), self.labels[index], index)

    def epoch(
        self, size: int, generator: np.random.Generator, augment: Augmentation | None
    ) -> Iterator[Batch]:
        """Every image once, in an order and with changes that `generator` alone decides.

        A last batch of one image is left out: it has no variance to normalise by.
        """
        order = torch.from_numpy(generator.permutation(len(self)))
        how = augment or _PLAIN
        shifts = torch.from_numpy(generator.integers(0, 2 * how.pad + 1, (len(self), 2)))
        mirrored = torch.from_numpy(generator.integers(0, 2, len(self)) == 1) & how.flip
        padded = torch.nn.functional.pad(self.images, (0, 0, how.pad, how.pad, how.pad, how.pad))
        for index in torch.split(order, size):
            if len(index) > 1:
                images = self._cut(padded, index, shifts[index], mirrored[index])
                yield Batch(self.normalised(images), self.labels[index], index)

    def _cut(self, padded: Tensor, index: Tensor, shifts: Tensor, mirrored: Tensor) -> Tensor:
        """Gather one crop of each image, the mirrored ones with their columns reversed."""
        height, width = self.images.shape[1:3]
        columns = torch.arange(width)
        columns = torch.where(mirrored[:, None], columns.flip(0), columns) + shifts[:, 1:]
        rows = torch.arange(height) + shifts[:, :1]
        return padded[index[:, None, None], rows[:, :, None], columns[:, None, :]]


def read_split(inputs: Inputs, part: Part, network: Network) -> Split:
    """Return one split of the input `images`, which must be what `network` is made for.

    Raises
    ------
    HarnessError
        The images have another size, or other channels or classes, than the network takes.
    """
    arrays, about = inputs.arrays("images"), inputs.about("images")
    _check_fit(arrays[f"{part}_images"], about, network)
    return split_of(arrays, about, part)


def split_of(arrays: Mapping[str, Array], about: Mapping[str, Any], part: Part) -> Split:
    """Return one split of a dataset's `arrays`, with what is known `about` them."""
    images, labels = arrays[f"{part}_images"], arrays[f"{part}_labels"]
    return Split(
        images=torch.from_numpy(np.array(images)),
        labels=torch.from_numpy(np.array(labels, dtype=np.int64)),
        maximum=float(about["maximum"]),
        mean=torch.tensor(about["mean"], dtype=torch.float32),
        std=torch.tensor(about["std"], dtype=torch.float32),
    )


def _check_fit(images: Array, about: Mapping[str, Any], network: Network) -> None:
    found = (*images.shape[1:], about["classes"])
    size = network.image_size
    wanted = (size, size, network.image_channels, network.classes)
    if found != wanted:
        raise HarnessError(
            f"the network takes {_size(wanted)}; dataset '{about['dataset']}' has {_size(found)}",
            "set the network's image_size, image_channels and classes to those of the dataset",
        )


def _size(numbers: tuple[int, ...]) -> str:
    height, width, channels, classes = numbers
    return f"images of {height}x{width}x{channels} in {classes} classes"
