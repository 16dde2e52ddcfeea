"""Images and labels that no network can be trained on are refused before anything runs."""

from __future__ import annotations

import numpy as np

from harness.errors import HarnessError
from harness.formats.arrays import Array
from reproductions.ensemble_kd.params.network import Network

_FEWEST = 2


def check_images(images: Array, labels: Array, classes: int, where: str) -> None:
    """Refuse images (N, H, W, C) and labels (N,) that do not belong together; `where` names them.

    Raises
    ------
    HarnessError
        There are fewer than two, a label is none of the classes, or the shapes do not fit.
    """
    if images.ndim != 4 or labels.shape != images.shape[:1]:
        raise HarnessError(
            f"{where}: images of shape {images.shape} and labels of shape {labels.shape} do not "
            "belong together",
            "give images (N, H, W, C) with one class each, (N,)",
        )
    if len(images) < _FEWEST:
        raise HarnessError(
            f"{where}: {len(images)} images are too few, as batch normalisation needs two",
            "let the dataset's split or limit leave at least two images for it",
        )
    strange = np.flatnonzero((labels < 0) | (labels >= classes))
    if len(strange):
        raise HarnessError(
            f"{where}: the label of image {strange[0]} is {labels[strange[0]]}",
            f"with {classes} classes the labels are 0 to {classes - 1}",
        )


def check_fit(network: Network, images: Array, classes: int, where: str) -> None:
    """Refuse images of another size, or with other channels or classes, than `network` takes."""
    found = (*images.shape[1:], classes)
    size = network.image_size
    wanted = (size, size, network.image_channels, network.classes)
    if found != wanted:
        raise HarnessError(
            f"the network takes {_size(wanted)}; {where} has {_size(found)}",
            "set the network's image_size, image_channels and classes to those of the dataset",
        )


def _size(numbers: tuple[int, ...]) -> str:
    height, width, channels, classes = numbers
    return f"images of {height}x{width}x{channels} in {classes} classes"
