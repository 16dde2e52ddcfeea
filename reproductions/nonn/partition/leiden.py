"""Leiden's search (Traag, Waltman, van Eck 2019) for the objective of `communities`.

Louvain's search can leave a community whose parts hang together through a filter that has moved
away. Here each community is first taken apart and put together again from pieces that are well
connected to it; only pieces become the nodes of the next level. So a community can still fall
apart, and none is ever disconnected.

The search is our own: leidenalg computes gains in rounded numbers, and its licence would bind
this project. As in `communities` all gains are whole numbers, so nothing depends on the machine.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from reproductions.nonn.partition import communities
from reproductions.nonn.partition.communities import (
    Community,
    condensed,
    degrees,
    members,
    move,
    ordered,
    renumbered,
)
from reproductions.nonn.partition.cut import Links

# The pieces differ with the order of the nodes, so a search that found nothing is tried again.
PATIENCE = 3


def find(links: Links, gamma: Fraction, random: np.random.Generator) -> list[Community]:
    """Return connected communities that no move of a filter or of a piece betters.

    Filters without links are communities of one. Larger communities come first; of equal ones
    the one with the lowest filter.
    """
    degree = degrees(links)
    label = _start(links, gamma, random)
    idle = 0
    while idle < PATIENCE:
        before = label
        label = _descend(links, degree, label, gamma, random)
        idle = idle + 1 if label == before else 0
    return ordered(members(label))


def _start(links: Links, gamma: Fraction, random: np.random.Generator) -> list[int]:
    """Return the labels that Louvain's search ends with: what follows only betters them."""
    label = [0] * len(links)
    for number, community in enumerate(communities.find(links, gamma, random)):
        for node in community:
            label[node] = number
    return renumbered(label)


def _descend(
    links: Links, degree: list[int], label: list[int], gamma: Fraction, random: np.random.Generator
) -> list[int]:
    """Move nodes, then well connected pieces, level by level, until nothing is left to join."""
    node = list(range(len(links)))  # where each filter is at this level
    while True:
        label = move(links, degree, label, gamma, random, alone=True)
        piece = _refine(links, degree, label, gamma, random)
        if max(piece) + 1 == len(links):
            piece = label
        if max(piece) + 1 == len(links):
            return renumbered([label[at] for at in node])
        links, degree = condensed(links, degree, piece)
        node = [piece[at] for at in node]
        above = dict(zip(piece, label, strict=True))
        label = [above[number] for number in range(len(links))]


def _refine(
    links: Links, degree: list[int], label: list[int], gamma: Fraction, random: np.random.Generator
) -> list[int]:
    """Put every community together anew from single nodes; return the pieces that come about.

    Nodes are visited by chance. One that is still alone, and well connected to its community,
    joins the well connected piece of it that gains most, if any gains.
    """
    piece = list(range(len(links)))
    load, size = list(degree), [1] * len(links)
    whole, ends = [0] * (max(label) + 1), sum(degree)
    outward = [0] * len(links)  # the weight of each piece to the rest of its community
    for node, community in enumerate(label):
        whole[community] += degree[node]
        outward[node] = sum(w for at, w in links[node].items() if label[at] == community)

    def connected(number: int, community: int) -> bool:
        expected = gamma.numerator * load[number] * (whole[community] - load[number])
        return outward[number] * ends * gamma.denominator >= expected

    for node in (int(one) for one in random.permutation(len(links))):
        home, community = piece[node], label[node]
        if size[home] > 1 or not connected(home, community):
            continue
        toward: dict[int, int] = {}
        for other, weight in links[node].items():
            if label[other] == community:
                toward[piece[other]] = toward.get(piece[other], 0) + weight
        gain = {
            number: weight * ends * gamma.denominator
            - gamma.numerator * degree[node] * load[number]
            for number, weight in toward.items()
            if connected(number, community)
        }
        best = max(gain, key=lambda number: (gain[number], -number), default=home)
        if gain.get(best, 0) > 0:
            piece[node] = best
            load[best] += degree[node]
            size[best] += 1
            outward[best] += outward[home] - 2 * toward[best]
    return renumbered(piece)
