"""What there is to choose from: one shunt in the place of one window, with its loss and saving."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Generic, TypeVar

from harness.errors import HarnessError

PARTS = 1_000_000
"""Losses are counted in this share of the original's score, as whole numbers.

Sums are then exact and the same on every machine, and windows with equal quotients are equal;
as floating-point numbers 0.1 + 0.2 would lose to 0.3.
"""

S = TypeVar("S")
"""What says which shunt a candidate is; the caller chooses it."""

Span = tuple[int, int]
"""The first and the last block of a window, both included."""


@dataclass(frozen=True)
class Candidate(Generic[S]):
    """A `shunt` in the place of the blocks `first` to `last`, both included.

    `loss` is in PARTS of the original's score; `saving` is what the network gets cheaper, in whole
    multiply-adds, parameters or nanoseconds. What says which shunt it is, is the caller's.
    """

    first: int
    last: int
    shunt: S
    loss: int
    saving: int

    @property
    def window(self) -> str:
        """The blocks as a spec writes them: "7-12"."""
        return f"{self.first}-{self.last}"


@dataclass(frozen=True)
class Choice(Generic[S]):
    """Shunts in disjoint windows, from the network's input to its output; maybe none at all."""

    chosen: tuple[Candidate[S], ...]

    @property
    def loss(self) -> int:
        """The sum of the losses, in PARTS."""
        return sum(one.loss for one in self.chosen)

    @property
    def saving(self) -> int:
        """The sum of the savings, in the candidates' unit."""
        return sum(one.saving for one in self.chosen)

    def __str__(self) -> str:
        return " + ".join(one.window for one in self.chosen) or "none"


def as_parts(loss: Fraction | float) -> int:
    """Return `loss`, a share of the original's score, in PARTS, rounded half to even.

    Raises
    ------
    HarnessError
        It is not a number.
    """
    if not math.isfinite(loss):
        raise HarnessError(
            f"a window's loss is {loss}, which is no number to add up",
            "measure the knowledge quotients anew; a score of NaN hides a broken network",
        )
    return round(Fraction(loss) * PARTS)


def check_inside(candidates: Sequence[Candidate[Any]], blocks: int) -> None:
    """Refuse a candidate that is no run of the blocks 0 to `blocks` - 1."""
    for one in candidates:
        if not 0 <= one.first <= one.last < blocks:
            raise HarnessError(
                f"the window {one.window} is no run of blocks of a network of {blocks}, "
                f"which are counted 0 to {blocks - 1}",
                "give quotients and costs of the same network",
            )
