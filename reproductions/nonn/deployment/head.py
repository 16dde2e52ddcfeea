"""The last layer, on the host: class scores from whoever answered.

The sum has one order and is made in double precision, so it is the same on every machine; the
product of two single-precision numbers is exact there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.errors import HarnessError
from harness.formats.arrays import Array

if TYPE_CHECKING:
    from reproductions.nonn.students import System

Form = Literal["features", "logits"]
"""What a node sends: its features v_k, or its share W_k v_k of the class scores."""


@dataclass(frozen=True)
class Answer:
    """What the head says.

    Parameters
    ----------
    logits
        Class scores (B, K), float32.
    standing
        The students that were heard, ascending.
    of
        How many there are.
    """

    logits: Array
    standing: tuple[int, ...]
    of: int


@dataclass(frozen=True, eq=False)
class Head:
    """The linear layer over the features of all students.

    Parameters
    ----------
    weight
        (K, D) float32; student k has its own C_k columns.
    bias
        (K,) float32.
    sizes
        C_k of each student; they add up to D.
    """

    weight: Array
    bias: Array
    sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        classes, features = self.weight.shape
        if self.bias.shape != (classes,) or sum(self.sizes) != features:
            raise HarnessError(
                f"a head of {features} features and {classes} classes cannot have students of "
                f"{list(self.sizes)} features and a bias of shape {self.bias.shape}",
                "give the head the sizes of the students that it was trained over",
            )

    @cached_property
    def _parts(self) -> list[Array]:
        """What each student's features are multiplied by, (C_k, K) float64."""
        ends = np.cumsum(self.sizes)[:-1]
        return [part.T.astype(np.float64) for part in np.split(self.weight, ends, axis=1)]

    def answer(
        self,
        parts: Sequence[Array | None],
        form: Form,
        scales: Sequence[Array] | None = None,
    ) -> Answer:
        """Add up what the students sent; None stands for one that did not answer.

        With n of N students the sum is multiplied by N / n, as in training with dropout
        (`survivors.heard`).

        Parameters
        ----------
        parts
            Of each student (B, C_k) or, in the form `logits`, (B, K); float32 or int8.
        scales
            For int8: what one step of each channel is worth, (C_k,) or (K,).

        Raises
        ------
        HarnessError
            Nobody answered; or a part has another shape, or is int8 and has no scale.
        """
        standing = tuple(place for place, part in enumerate(parts) if part is not None)
        if len(parts) != len(self.sizes) or not standing:
            raise HarnessError(
                f"{len(standing)} of {len(self.sizes)} students answered, in {len(parts)} places",
                "the head needs a place for each student and one answer at least; see that the "
                "nodes run and raise the deadline",
            )
        shares = [
            self._share(place, part, form, scales)
            for place, part in enumerate(parts)
            if part is not None
        ]
        if len({len(share) for share in shares}) > 1:
            raise HarnessError(
                f"the students {list(standing)} answered for {[len(one) for one in shares]} images",
                "ask all nodes about the same images",
            )
        total = shares[0]
        for share in shares[1:]:
            total = total + share
        logits = total * (len(parts) / len(standing)) + self.bias
        return Answer(logits.astype(np.float32), standing, len(parts))

    def _share(self, place: int, part: Array, form: Form, scales: Sequence[Array] | None) -> Array:
        """Return the class scores (B, K) of one student, float64, without the bias."""
        wanted = self.sizes[place] if form == "features" else len(self.bias)
        if part.ndim != 2 or part.shape[1] != wanted:
            raise HarnessError(
                f"student {place} answered with the shape {part.shape}, not (images, {wanted})",
                f"see that its node runs the model of the form '{form}'",
            )
        sent = part.astype(np.float64)
        if part.dtype == np.int8:
            if scales is None:
                raise HarnessError(
                    f"student {place} answered in int8, and there are no scales",
                    "give the scales that the students were calibrated with",
                )
            sent = sent * scales[place].astype(np.float64)
        if form == "logits":
            return sent
        # Added up one feature after the other: a matrix product has another order on each CPU.
        products = sent.T[:, :, None] * self._parts[place][:, None, :]
        return np.add.accumulate(products, axis=0)[-1]


def head_of(system: System) -> Head:
    """Return the last layer of `system`, as it is now."""
    weight, bias = (
        value.detach().cpu().numpy().copy() for value in (system.head.weight, system.head.bias)
    )
    return Head(weight, bias, tuple(system.sizes))
