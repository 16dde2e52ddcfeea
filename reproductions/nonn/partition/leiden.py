"""Leiden's search (Traag, Waltman, van Eck 2019) for the objective of `communities`.

Louvain's search can leave a community whose parts hang together through a filter that has moved
away. Here each community is first taken apart and put together again from pieces that are well
connected to it; only pieces become the nodes of the next level. So a community can still fall
apart, and none is ever disconnected.

The search is our own: leidenalg computes gains in rounded numbers, and its licence would bind
this project. As in `communities` all gains are whole numbers, so nothing depends on the machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from reproductions.nonn.partition import communities
from reproductions.nonn.partition.communities import (
    Community,
    condensed,
    degrees,
    exact,
    members,
    move,
    ordered,
    renumbered,
)
from reproductions.nonn.partition.cut import Links

# A search ends in the nearest good place, so several are made, and the best is kept.
STARTS = 8


def find(links: Links, gamma: Fraction, random: np.random.Generator) -> list[Community]:
    """Return connected communities that no move of a filter or of a piece betters.

    They are the best of several searches. The first starts from what Louvain's search finds with
    the same `random`, the others from single filters. Filters without links are communities of
    one. Larger communities come first; of equal ones the one with the lowest filter.
    """
    degree = degrees(links)
    first = _labels(communities.find(links, gamma, random), len(links))
    starts = [first] + [list(range(len(links)))] * (STARTS - 1)
    found = [_settled(links, degree, label, gamma, random) for label in starts]
    best = max(found, key=lambda label: exact(links, members(label), gamma))
    return ordered(members(best))


def _labels(found: list[Community], count: int) -> list[int]:
    label = [0] * count
    for number, community in enumerate(found):
        for node in community:
            label[node] = number
    return renumbered(label)


def _settled(
    links: Links, degree: list[int], label: list[int], gamma: Fraction, random: np.random.Generator
) -> list[int]:
    """Descend from the communities `label` until nothing changes."""
    while True:
        before = label
        label = _descend(links, degree, label, gamma, random)
        if label == before:
            return label


def _descend(
    links: Links, degree: list[int], label: list[int], gamma: Fraction, random: np.random.Generator
) -> list[int]:
    """Move nodes, then pieces of communities, level by level, until nothing is left to join.

    A piece is always connected, and in the end every community is one node.
    """
    node = list(range(len(links)))  # where each filter is at this level
    while True:
        label = move(links, degree, label, gamma, random, alone=True)
        piece = _refine(links, degree, label, gamma, random)
        if max(piece) + 1 == len(links):
            # No node gains by any other, so all of a community are linked, and may be joined.
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
    pieces = _Pieces.single(links, degree, label, gamma)
    for node in random.permutation(len(links)).tolist():
        if pieces.size[pieces.piece[node]] == 1 and pieces.hangs(pieces.piece[node]):
            pieces.join(node)
    return renumbered(pieces.piece)


@dataclass
class _Pieces:
    """The pieces that communities are being put together from; a piece has a node's number.

    `load` and `size` are those of a piece, `outward` is its weight to the rest of its community,
    `whole` the load of a community. `scale` and `factor` make gains whole numbers.
    """

    links: Links
    degree: list[int]
    label: list[int]
    piece: list[int]
    load: list[int]
    size: list[int]
    outward: list[int]
    whole: list[int]
    scale: int
    factor: int

    @classmethod
    def single(cls, links: Links, degree: list[int], label: list[int], gamma: Fraction) -> _Pieces:
        """Make every node a piece."""
        whole, outward = [0] * (max(label) + 1), []
        for node, community in enumerate(label):
            whole[community] += degree[node]
            outward.append(sum(w for at, w in links[node].items() if label[at] == community))
        number, ones = list(range(len(links))), [1] * len(links)
        scale = sum(degree) * gamma.denominator
        return cls(
            links, degree, label, number, list(degree), ones, outward, whole, scale, gamma.numerator
        )

    def hangs(self, piece: int) -> bool:
        """Say whether `piece` is linked with the rest of its community as chance has it, or more.

        A piece is called by one of its nodes, which tells the community.
        """
        rest = self.whole[self.label[piece]] - self.load[piece]
        return self.outward[piece] * self.scale >= self.factor * self.load[piece] * rest

    def join(self, node: int) -> None:
        """Let `node`, which is alone, join the piece that gains most, if any gains."""
        home, toward = self.piece[node], self._toward(node)
        gain = {
            piece: weight * self.scale - self.factor * self.degree[node] * self.load[piece]
            for piece, weight in toward.items()
            if self.hangs(piece)
        }
        best = max(gain, key=lambda piece: (gain[piece], -piece), default=home)
        if gain.get(best, 0) > 0:
            self.piece[node] = best
            self.load[best] += self.degree[node]
            self.size[best] += 1
            self.outward[best] += self.outward[home] - 2 * toward[best]

    def _toward(self, node: int) -> dict[int, int]:
        """Return the weight of `node`'s links to each piece of its community."""
        toward: dict[int, int] = {}
        for other, weight in self.links[node].items():
            if self.label[other] == self.label[node]:
                toward[self.piece[other]] = toward.get(self.piece[other], 0) + weight
        return toward
