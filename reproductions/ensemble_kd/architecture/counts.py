"""How many numbers, bytes and multiply-adds a network has.

Numbers are counted as MXNet counts them: normalisation without a learned scale has gamma among its
parameters all the same, fixed at 1. Larq Zoo's count of the same network is smaller by the twelve
numbers of the images' normalisation, which it does without.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from reproductions.ensemble_kd.architecture.description import Description

FLOAT = 4
"""Bytes of a number in single precision."""


@dataclass(frozen=True)
class Counts:
    """The numbers of one network.

    Parameters
    ----------
    quantised
        Weights that are quantised.
    shared
        Numbers that the members of an ensemble share, the quantised weights among them.
    learned
        Numbers that a member has for itself, without running statistics.
    statistics
        Running statistics of one member.
    """

    quantised: int
    shared: int
    learned: int
    statistics: int

    @property
    def private(self) -> int:
        """All numbers that one more member adds."""
        return self.learned + self.statistics

    @property
    def parameters(self) -> int:
        """All numbers of one network but its running statistics."""
        return self.shared + self.learned

    @property
    def everything(self) -> int:
        """All numbers of one network."""
        return self.parameters + self.statistics

    @property
    def full(self) -> int:
        """The shared numbers that stay in full precision."""
        return self.shared - self.quantised


@dataclass(frozen=True)
class Macs:
    """Multiply-adds for one image, in full precision and in quantised convolutions."""

    full: int
    quantised: int


def count(description: Description) -> Counts:
    """Count the numbers of `description`."""
    channels = sum(one.channels for one in description.normalisations())
    slopes = len(description.blocks) if description.network.add_activation == "prelu" else 0
    return Counts(
        quantised=sum(one.size for one in description.quantised),
        shared=sum(prod(shape) for shape in description.shared().values()),
        learned=2 * channels + slopes,
        statistics=2 * channels,
    )


def packed_bytes(counts: Counts, bits: int, members: int = 1, statistics: bool = True) -> int:
    """Return the bytes of a network whose quantised weights have `bits` bits each, without gaps.

    All other numbers are in single precision; `members` have a normalisation of their own.
    """
    private = counts.private if statistics else counts.learned
    return -(-counts.quantised * bits // 8) + FLOAT * (counts.full + members * private)


def count_macs(description: Description) -> Macs:
    """Count the multiply-adds of convolutions and of the dense layer, for one image."""
    sizes = description.sizes
    full, quantised = description.features * description.classes, 0
    for one in description.convolutions:
        macs = one.size * sizes[one.name] ** 2
        full, quantised = (full, quantised + macs) if one.quantised else (full + macs, quantised)
    return Macs(full, quantised)
