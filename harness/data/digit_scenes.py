"""Scenes composed from single digits on textured grounds, with the class of each pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.data.draws import Draws
from harness.data.ground import FULL, Plane, colour, ground, lit
from harness.data.images import Labelled, Pixels
from harness.data.scene import Scene
from harness.spec.layout import DigitScenes, Image

Shape = npt.NDArray[np.bool_]
"""Which pixels of a plane belong to something."""

_TRIES = 12
# A pixel belongs to a digit from this coverage on, out of FULL.
_SOLID = 96


@dataclass(frozen=True)
class DigitScenery:
    """The scenes of one part.

    Parameters
    ----------
    digits
        The digits that the part may use, and no other part.
    count
        How many scenes there are.
    stream
        The number of the part: each scene of each part has random numbers of its own.
    """

    digits: Labelled
    layout: DigitScenes
    image: Image
    ignore: int
    count: int
    stream: int

    def __len__(self) -> int:
        return self.count

    def scene(self, index: int) -> Scene:
        """Compose scene `index`, the same one whenever and wherever it is asked for."""
        draws = Draws(self.layout.seed, self.stream, index)
        height, width, _ = self.image.shape
        dark = bool(draws.below(2))
        picture = ground(height, width, dark=dark, draws=draws)
        mask = np.zeros((height, width), dtype=np.uint8)
        for _ in range(draws.between(*self.layout.digits)):
            self._add(picture, mask, dark=dark, draws=draws)
        return Scene(lit(picture, draws).astype(np.uint8), mask)

    def _add(self, picture: Plane, mask: Pixels, *, dark: bool, draws: Draws) -> None:
        """Draw a digit into the picture and the mask, in front of what is there."""
        chosen = draws.below(len(self.digits.labels))
        scale = draws.of(self.layout.scales)
        coverage = enlarged(self.digits.images[chosen, ..., 0], self.layout.digit.maximum, scale)
        ink = colour(draws.between(165, 235) if dark else draws.between(15, 75), 50, draws)
        place = self._place(mask, coverage, draws)
        there, share = picture[place], coverage[..., None]
        picture[place] = (there * (FULL - share) + ink * share) // FULL
        solid = np.zeros(mask.shape, dtype=bool)
        solid[place] = coverage >= _SOLID
        mask[grown(solid)] = self.ignore
        mask[solid] = self.digits.labels[chosen] + 1

    def _place(self, mask: Pixels, coverage: Plane, draws: Draws) -> tuple[slice, slice]:
        """Return, of a few places, the first one that hides the least of the digits there."""
        height, width = coverage.shape
        corners = [
            (draws.below(mask.shape[0] - height + 1), draws.below(mask.shape[1] - width + 1))
            for _ in range(_TRIES)
        ]
        places = [(slice(top, top + height), slice(left, left + width)) for top, left in corners]
        return min(places, key=lambda place: int(np.count_nonzero(mask[place])))


def enlarged(digit: Pixels, maximum: int, scale: int) -> Plane:
    """Return the coverage, 0 to 255, of a digit enlarged by a whole factor: bilinear, then crisp.

    Parameters
    ----------
    digit
        Shape (height, width), values from 0 to `maximum`.
    """
    padded = np.pad(digit.astype(np.int64), 1)
    smooth = _spread(_spread(padded, scale).T, scale).T
    coverage = smooth * FULL // (maximum * (2 * scale) ** 2)
    crisp: Plane = np.clip(2 * coverage - _SOLID, 0, FULL)
    return crisp


def _spread(padded: Plane, scale: int) -> Plane:
    """Interpolate along the first axis, without its padding; values grow `2 * scale` times."""
    count = (len(padded) - 2) * scale
    # Centres of the new pixels, in 1 / (2 * scale) of an old one, counted from the padding's.
    whole, part = np.divmod(2 * np.arange(count) + 1 + scale, 2 * scale)
    values: Plane = padded[whole] * (2 * scale - part)[:, None] + padded[whole + 1] * part[:, None]
    return values


def grown(solid: Shape) -> Shape:
    """Return the shape with all pixels that touch it, by a side or a corner."""
    found = solid.copy()
    found[1:] |= solid[:-1]
    found[:-1] |= solid[1:]
    rows = found.copy()
    found[:, 1:] |= rows[:, :-1]
    found[:, :-1] |= rows[:, 1:]
    return found
