"""Masks as pictures: a colour for each class, stripes for the pixels that do not count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.errors import HarnessError
from harness.formats.arrays import Array

GROUNDS = ("background", "ground")
"""Names of a class that is all that nothing else is: it is pale, and nothing is written on it."""
GROUND = "#E8E8E8"
# Tol's muted, bright and dark colours, and Okabe and Ito's; neighbours in the list differ in
# lightness as well, so that they remain apart for colour-blind readers and in grey.
COLOURS = (
    "#332288", "#DDCC77", "#117733", "#88CCEE", "#882255", "#44AA99", "#CC6677", "#999933",
    "#AA4499", "#D55E00", "#0072B2", "#F0E442", "#7F3C10", "#BBCC33", "#004488", "#FFAABB",
    "#555555", "#EE8866", "#225555", "#CCBBFF", "#663333", "#EEDD88", "#000000",
)  # fmt: skip
_DARK, _LIGHT = "#8C8C8C", "#B8B8B8"
_STRIPE = 3  # pixels of the picture

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Palette:
    """The classes of a data set and the label of pixels that do not count, if there is one."""

    names: tuple[str, ...]
    ignore: int | None

    def __post_init__(self) -> None:
        if len(self._coloured) > len(COLOURS):
            raise HarnessError(
                f"the picture of an example has {len(COLOURS)} colours for classes, and the masks "
                f"have {len(self._coloured)}",
                "draw a data set with fewer classes",
            )

    @property
    def _coloured(self) -> list[int]:
        return [at for at, name in enumerate(self.names) if name not in GROUNDS]

    def colour(self, label: int) -> str:
        """Return the colour of a class; one of GROUNDS is pale."""
        if self.names[label] in GROUNDS:
            return GROUND
        return COLOURS[self._coloured.index(label)]

    def marks(self, label: int) -> str | None:
        """Return what is written on the pixels of a class; nothing on one of GROUNDS."""
        if self.names[label] in GROUNDS:
            return None
        short = all(len(self.names[at]) <= 2 for at in self._coloured)
        return self.names[label] if short else str(label)

    def painted(self, mask: Array, enlarge: int) -> Array:
        """Return `mask` (H, W) as an RGB picture, each pixel `enlarge` by `enlarge`; uint8.

        Raises
        ------
        HarnessError
            A label is neither a class nor the one to ignore.
        """
        picture = np.zeros((*mask.shape, 3), np.uint8)
        known = np.zeros(mask.shape, bool)
        for label in range(len(self.names)):
            picture[mask == label] = _rgb(self.colour(label))
            known |= mask == label
        ignored = np.zeros(mask.shape, bool) if self.ignore is None else mask == self.ignore
        if not (known | ignored).all():
            label = int(mask[~(known | ignored)][0])
            raise HarnessError(
                f"a mask has the label {label}; there are the classes 0 to {len(self.names) - 1}"
                + ("" if self.ignore is None else f", and {self.ignore} for pixels to ignore"),
                "give the masks, and what was predicted, of one data set",
            )
        return _striped(enlarged(picture, enlarge), enlarged(ignored, enlarge))


def enlarged(picture: Array, times: int) -> Array:
    """Return `picture` (H, W, ...) with each pixel repeated `times` in both directions."""
    return picture.repeat(times, axis=0).repeat(times, axis=1)


def _striped(picture: Array, ignored: Array) -> Array:
    """Return `picture` with diagonal stripes where it is `ignored`."""
    rows, columns = np.indices(ignored.shape)
    dark = ((rows + columns) // _STRIPE % 2).astype(bool)
    picture[ignored & dark] = _rgb(_DARK)
    picture[ignored & ~dark] = _rgb(_LIGHT)
    return picture


def _rgb(colour: str) -> Colour:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue


def ink_on(colour: str) -> str:
    """Return black or white, whichever is easier to read on `colour`."""
    red, green, blue = _rgb(colour)
    return "black" if 299 * red + 587 * green + 114 * blue > 140_000 else "white"


def mean_iou(truth: Array, predicted: Array, palette: Palette) -> float:
    """Return the mean intersection over union of one mask, in percent.

    Of the classes that are in the truth or in the prediction; pixels to ignore do not count.
    """
    counted = np.ones(truth.shape, bool) if palette.ignore is None else truth != palette.ignore
    shares: list[float] = []
    for label in range(len(palette.names)):
        one, other = (truth == label) & counted, (predicted == label) & counted
        either = int((one | other).sum())
        if either:
            shares.append(int((one & other).sum()) / either)
    return 100 * sum(shares) / len(shares) if shares else 0.0


def spot(mask: Array, label: int, least: int) -> tuple[int, int] | None:
    """Return a pixel (row, column) deep within the largest piece of a class, to write on.

    None where the class has no pixel that is `least` pixels away from all others.
    """
    inside, depth = mask == label, 0
    deepest = inside
    while inside.any():
        deepest, depth = inside, depth + 1
        inside = _shrunk(inside)
    if depth < least:
        return None
    places = np.argwhere(deepest)
    middle = places[len(places) // 2]
    return int(middle[0]), int(middle[1])


def _shrunk(inside: Array) -> Array:
    padded = np.pad(inside, 1)
    return inside & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]


def present(masks: Sequence[Array], classes: int) -> list[int]:
    """Return the classes that any of `masks` has, rising."""
    return [label for label in range(classes) if any((mask == label).any() for mask in masks)]
