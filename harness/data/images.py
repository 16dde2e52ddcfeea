"""Labelled images in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.errors import HarnessError
from harness.spec.layout import Image

Pixels = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Labelled:
    """`images` of shape (N, height, width, channels) and `labels` of shape (N,)."""

    images: Pixels
    labels: Labels

    def pick(self, indices: Indices) -> Labelled:
        """Return the images at `indices`, in that order."""
        return Labelled(self.images[indices], self.labels[indices])


@dataclass(frozen=True)
class Original:
    """What a source holds, before any split.

    Parameters
    ----------
    test
        The official test set; None where there is none.
    sources
        SHA-256 of each unpacked file, which does not depend on who packed it.
    """

    train: Labelled
    test: Labelled | None
    sources: Mapping[str, str]


def check(name: str, found: Labelled, records: int, image: Image, classes: int) -> Labelled:
    """Return `found` when it is as the spec says; HarnessError names the file `name` otherwise."""
    shape = (records, *image.shape)
    if found.images.shape != shape or found.labels.shape != (records,):
        raise HarnessError(
            f"{name}: images of shape {found.images.shape} and {len(found.labels)} labels, "
            f"the spec says {shape}"
        )
    if found.images.max() > image.maximum:
        raise HarnessError(f"{name}: a pixel is {found.images.max()}, above {image.maximum}")
    if found.labels.min() < 0 or found.labels.max() >= classes:
        raise HarnessError(f"{name}: a label is not one of the {classes} classes")
    return found
