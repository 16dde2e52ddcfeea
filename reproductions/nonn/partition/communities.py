"""Communities of filters: Louvain's search for the modularity of Reichardt and Bornholdt.

The objective is ``sum over communities of L/m - gamma (K/2m)^2``: L is the weight of the links
inside, K the weight of all its filters' links, m that of all links. gamma multiplies the null
model in the moves and in the objective alike.

The search is our own, since neither library at hand can be trusted with it: python-louvain 0.16
applies its resolution to the null model in the moves and to the links in its stopping rule, and
networkx compares rounded gains, which can go round in circles on ties. Here weights and gains are
whole numbers, so a move is made only when it is truly better, and the search ends.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import numpy as np

from reproductions.nonn.partition.cut import Links

Community = tuple[int, ...]
"""Filters in ascending order."""


def as_fraction(gamma: float) -> Fraction:
    """Return `gamma` as a short fraction: 1/0.7 is 10/7."""
    return Fraction(gamma).limit_denominator(10**6)


def modularity(links: Links, communities: list[Community], gamma: Fraction) -> float:
    """Return the objective of `communities`, computed exactly and rounded once."""
    return float(exact(links, communities, gamma))


def exact(links: Links, communities: list[Community], gamma: Fraction) -> Fraction:
    """Return the objective of `communities`.

    Filters that are in no community count as communities of their own.
    """
    degree = degrees(links)
    ends = sum(degree)
    inside, squares = 0, sum(number**2 for number in degree)
    for community in communities:
        nodes = set(community)
        inside += sum(links[i][j] for i in community for j in links[i] if j in nodes)
        squares += sum(degree[i] for i in community) ** 2 - sum(degree[i] ** 2 for i in community)
    return Fraction(inside, ends) - gamma * Fraction(squares, ends**2)


def find(links: Links, gamma: Fraction, random: np.random.Generator) -> list[Community]:
    """Return communities that no move of a filter or of a community betters.

    Filters without links are communities of one. Larger communities come first; of equal ones
    the one with the lowest filter.
    """
    degree = degrees(links)
    label = list(range(len(links)))
    while True:
        before = label
        label = move(links, degree, label, gamma, random)
        label = _merge(links, degree, label, gamma, random)
        if label == before:
            return ordered(members(label))


def ordered(communities: list[Community]) -> list[Community]:
    """Return `communities` with the largest first; of equal ones the lowest filter first."""
    return sorted(communities, key=lambda community: (-len(community), community))


def degrees(links: Links) -> list[int]:
    """Return the weight of each node's links."""
    return [sum(weights.values()) for weights in links]


def move(
    links: Links,
    degree: list[int],
    label: list[int],
    gamma: Fraction,
    random: np.random.Generator,
    *,
    alone: bool = False,
) -> list[int]:
    """Move nodes to the community that gains most, until none gains; return their labels.

    A node may stand for a whole community: `links` then have its links to others alone, and
    `degree` the weight of all. With `alone` a node may also leave for a community of its own,
    which Louvain's search never tries.
    """
    label, load = list(label), [0] * len(links)
    for node, community in enumerate(label):
        load[community] += degree[node]
    size = Counter(label)
    free = set(range(len(links))).difference(label)
    ends = sum(degree)
    order = [int(node) for node in random.permutation(len(links))]
    moved = True
    while moved:
        moved = False
        for node in order:
            home = label[node]
            load[home] -= degree[node]
            toward = {home: 0}
            if alone and free:
                toward[min(free)] = 0
            for other, weight in links[node].items():
                toward[label[other]] = toward.get(label[other], 0) + weight
            # The gain of joining a community, in whole numbers: times m, 2m and gamma's divisor.
            gain = {
                community: weight * ends * gamma.denominator
                - gamma.numerator * degree[node] * load[community]
                for community, weight in toward.items()
            }
            best = max(gain, key=lambda community: (gain[community], community == home, -community))
            load[best] += degree[node]
            label[node] = best
            if best != home:
                moved = True
                size[home], size[best] = size[home] - 1, size[best] + 1
                free.discard(best)
                if not size[home]:
                    free.add(home)
    return renumbered(label)


def _merge(
    links: Links, degree: list[int], label: list[int], gamma: Fraction, random: np.random.Generator
) -> list[int]:
    """Move whole communities as `move` moves nodes, level by level, until none moves."""
    while True:
        between, loads = condensed(links, degree, label)
        above = move(between, loads, list(range(len(loads))), gamma, random)
        label = renumbered([above[community] for community in label])
        if max(above) + 1 == len(loads):
            return label


def condensed(links: Links, degree: list[int], label: list[int]) -> tuple[Links, list[int]]:
    """Return the links between the communities and the degree of each; links inside are left out.

    `label` has the numbers from 0 on.
    """
    groups = max(label) + 1
    between: Links = [{} for _ in range(groups)]
    loads = [0] * groups
    for node, weights in enumerate(links):
        loads[label[node]] += degree[node]
        for other, weight in weights.items():
            if label[other] != label[node]:
                row = between[label[node]]
                row[label[other]] = row.get(label[other], 0) + weight
    return between, loads


def renumbered(label: list[int]) -> list[int]:
    """Number the communities in the order of their first nodes."""
    numbers: dict[int, int] = {}
    return [numbers.setdefault(community, len(numbers)) for community in label]


def members(label: list[int]) -> list[Community]:
    """Return the nodes of each community, in the order of their first nodes."""
    groups: dict[int, list[int]] = {}
    for node, community in enumerate(label):
        groups.setdefault(community, []).append(node)
    return [tuple(community) for community in groups.values()]
