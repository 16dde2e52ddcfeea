"""An image with the class of each of its pixels, and collections of such."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from harness.data.images import Pixels
from harness.errors import HarnessError
from harness.spec.dataset import MaskLabels

_WRONG = -1


@dataclass(frozen=True)
class Scene:
    """An image and its mask.

    Parameters
    ----------
    image
        Shape (height, width, channels).
    mask
        Shape (height, width): the class of each pixel, or the label to ignore.
    source
        SHA-256 of the files that it was decoded from; empty when it was made.
    """

    image: Pixels
    mask: Pixels
    source: bytes = b""


class Scenes(Protocol):
    """Scenes that are made or decoded one by one, when they are asked for."""

    def __len__(self) -> int:
        """Return how many there are."""

    def scene(self, index: int) -> Scene:
        """Return one; HarnessError names its file when that is damaged."""


def labelled(name: str, mask: Pixels, labels: MaskLabels, classes: int) -> Pixels:
    """Return the labels of a stored mask; HarnessError when a value of the file `name` has none."""
    found = _table(labels, classes)[mask]
    wrong = np.unique(mask[found == _WRONG])
    if len(wrong):
        raise HarnessError(
            f"{name}: the mask holds {', '.join(map(str, wrong[:5]))}; {_allowed(labels, classes)}"
        )
    return found.astype(np.uint8)


def _table(labels: MaskLabels, classes: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """Return the label of each value that a byte can have."""
    table = np.full(256, _WRONG, dtype=np.int16)
    if labels.ids is None:
        table[:classes] = range(classes)
        table[labels.ignore] = labels.ignore
    else:
        table[: len(labels.ids)] = labels.ids
    return table


def _allowed(labels: MaskLabels, classes: int) -> str:
    if labels.ids is not None:
        return f"the spec's 'ids' know 0 to {len(labels.ids) - 1}"
    return f"there are the classes 0 to {classes - 1}, and {labels.ignore} to ignore"
