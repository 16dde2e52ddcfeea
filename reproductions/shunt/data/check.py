"""Images and labels that no network can be trained on are refused before anything runs."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.errors import HarnessError
from harness.formats.arrays import Array
from reproductions.shunt.params.network import Network


def check_images(
    images: Array, labels: Array, classes: int, ignore: int | None, where: str
) -> None:
    """Refuse images and labels that do not belong together or lie outside of what is allowed.

    Parameters
    ----------
    images
        (N, H, W, C).
    labels
        (N,), or (N, H, W) for masks.
    classes
        Labels are 0 to one below this, or `ignore`.
    where
        Names the split in the message.
    """
    if not len(images):
        raise HarnessError(
            f"{where}: there are no images",
            "let the dataset's split or limit leave at least two images for it",
        )
    if images.ndim != 4 or labels.shape not in (images.shape[:1], images.shape[:3]):
        raise HarnessError(
            f"{where}: images of shape {images.shape} and labels of shape {labels.shape} do not "
            "belong together",
            "give images (N, H, W, C) with classes (N,), or with masks (N, H, W)",
        )
    for position, label in enumerate(labels):
        strange = _strange(np.asarray(label), classes, ignore)
        if strange is not None:
            beside = "" if ignore is None else f", or {ignore} for pixels that do not count"
            raise HarnessError(
                f"{where}: the label of image {position} is {strange}",
                f"with {classes} classes the labels are 0 to {classes - 1}{beside}",
            )


def _strange(label: Array, classes: int, ignore: int | None) -> Any:
    """Return the first value of a label or mask that is no class; None where all are."""
    outside = (label < 0) | (label >= classes)
    if ignore is not None:
        outside &= label != ignore
    return label[outside].flat[0] if outside.any() else None


def check_fit(network: Network, images: Array, classes: int, where: str) -> None:
    """Refuse images of another size, or with other channels or classes, than `network` takes."""
    found = (*images.shape[1:], classes)
    wanted = (network.image_height, network.image_width, network.image_channels, network.classes)
    if found != wanted:
        raise HarnessError(
            f"the network takes {_size(wanted)}; {where} has {_size(found)}",
            "set the network's image_height, image_width, image_channels and classes to those of "
            "the dataset",
        )


def _size(numbers: tuple[int, ...]) -> str:
    height, width, channels, classes = numbers
    return f"images of {height}x{width}x{channels} in {classes} classes"
