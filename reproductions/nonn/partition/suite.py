"""Graphs with which community searches are compared, made from a seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from reproductions.nonn.graph import links, relative, strongest
from reproductions.nonn.partition.cut import Floats, cut

Maker = Callable[[np.random.Generator], Floats]


def planted(random: np.random.Generator, sizes: Sequence[int]) -> Floats:
    """Return blocks of `sizes` with half of all links inside and a twentieth between."""
    block = np.repeat(np.arange(len(sizes)), sizes)
    share = np.where(block[:, None] == block, 0.5, 0.05)
    return _both_ways(random.random(share.shape) < share)


def cliques(sizes: Sequence[int], isolated: int = 0) -> Floats:
    """Return complete graphs of `sizes` without links between them, then isolated filters."""
    block = np.concatenate((np.repeat(np.arange(len(sizes)), sizes), -np.arange(1, isolated + 1)))
    return _both_ways(block[:, None] == block)


def ring(number: int, size: int) -> Floats:
    """Return `number` complete graphs of `size`, each linked with the next by one link."""
    weights = cliques([size] * number)
    last = np.arange(number) * size + size - 1
    first = np.roll(last + 1 - size, -1)
    weights[last, first] = weights[first, last] = 1.0
    return weights


def heavy_tailed(random: np.random.Generator, filters: int) -> Floats:
    """Return the strongest 3 % of links between filters that differ in strength only."""
    strength = random.random(filters) ** 2
    weights = random.random((filters, filters)) * strength[:, None] * strength
    return cut(_both_ways(weights), 97)


def activation(random: np.random.Generator, images: int, filters: int) -> Floats:
    """Return the strongest 5 % of links of the filter activation network of made-up activity.

    Every image is of one of ten classes, and every filter answers to some classes most.
    """
    taste = random.random((10, filters)) ** 3
    classes = random.integers(10, size=images)
    activity = relative(taste[classes] * random.random((images, filters)))
    return cut(links(activity, strongest(activity, filters // 4)), 95)


def karate() -> Floats:
    """Return Zachary's karate club: who of 34 members met whom outside of the club."""
    from networkx import karate_club_graph, to_numpy_array

    return (to_numpy_array(karate_club_graph()) > 0).astype(np.float64)


SUITE: Mapping[str, Maker] = {
    "planted": lambda random: planted(random, [32] * 4),
    "planted-unequal": lambda random: planted(random, [48, 32, 24, 12, 8, 4]),
    "ring-of-cliques": lambda _: ring(16, 6),
    "equal-cliques": lambda _: cliques([8, 8]),
    "cliques-isolated": lambda _: cliques([8, 6], isolated=20),
    "heavy-tailed": lambda random: heavy_tailed(random, 128),
    "activation": lambda random: activation(random, 500, 128),
    "karate": lambda _: karate(),
}


def _both_ways(weights: np.typing.NDArray[np.generic]) -> Floats:
    """Return the upper triangle, mirrored, without loops."""
    upper = np.triu(weights.astype(np.float64), 1)
    return np.asarray(upper + upper.T)
