"""Dividing records into train, validation and test: by seed, every class in its proportion.

Only the raw stream of PCG64 and sorting are used. NumPy keeps that stream the same for ever,
which it does not promise for `Generator.permutation`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from harness.data.images import Indices, Labels
from harness.errors import HarnessError
from harness.spec.dataset import Split

# One stream of random numbers a decision, so that one does not move the other.
_TEST, _VALIDATION, _LIMIT = 0, 1, 2


@dataclass(frozen=True)
class Parts:
    """The records of each part, as ascending indices.

    `test` counts in the official test set where there is one, in all records otherwise.
    """

    train: Indices
    validation: Indices
    test: Indices

    def digests(self) -> dict[str, str]:
        """Return the SHA-256 of each part's indices, as little-endian 64-bit integers."""
        return {
            name: hashlib.sha256(indices.astype("<i8").tobytes()).hexdigest()
            for name, indices in vars(self).items()
        }


def divide(labels: Labels, split: Split, official: int) -> Parts:
    """Return the parts of the records with `labels`, beside an official test set of that size.

    Raises
    ------
    HarnessError
        A part would be empty.
    """
    rest = np.arange(len(labels), dtype=np.int64)
    test = np.arange(official, dtype=np.int64)
    if split.test != "official":
        test, rest = _take(labels, rest, _count(split.test, rest), _keys(split, _TEST, labels))
    count = _count(split.validation, rest)
    validation, train = _take(labels, rest, count, _keys(split, _VALIDATION, labels))
    parts = Parts(train, validation, test)
    for name, indices in vars(parts).items():
        if not len(indices):
            raise HarnessError(f"the split leaves no {name} images of {len(labels)}")
    return parts


def subset(labels: Labels, indices: Indices, count: int | None, split: Split) -> Indices:
    """Return at most `count` of `indices` into `labels`; all of them for None."""
    if count is None or count >= len(indices):
        return indices
    return _take(labels, indices, count, _keys(split, _LIMIT, labels))[0]


def _count(share: float, indices: Indices) -> int:
    return round(share * len(indices))


def _keys(
    split: Split, decision: int, labels: Labels
) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.random.PCG64([split.seed, decision]).random_raw(len(labels))


def _take(
    labels: Labels, indices: Indices, count: int, keys: np.ndarray[tuple[int], np.dtype[np.uint64]]
) -> tuple[Indices, Indices]:
    """Return `count` of `indices`, those of each class with the lowest keys, and the others."""
    order = indices[np.lexsort((keys[indices], labels[indices]))]
    sizes = np.bincount(labels[order])
    first = np.cumsum(sizes) - sizes
    rank = np.arange(len(order)) - first[labels[order]]
    quotas = np.array(apportion(sizes.tolist(), count), dtype=np.int64)
    taken = rank < quotas[labels[order]]
    return np.sort(order[taken]), np.sort(order[~taken])


def apportion(sizes: list[int], count: int) -> list[int]:
    """Return how many of `count` fall to each of `sizes` by the largest remainders.

    Ties go to the lower number. The arithmetic is on whole numbers: no CPU rounds it otherwise.
    """
    total = max(sum(sizes), 1)
    shares = [size * count // total for size in sizes]
    remainders = sorted(range(len(sizes)), key=lambda i: (-(sizes[i] * count % total), i))
    for i in remainders[: count - sum(shares)]:
        shares[i] += 1
    return shares
