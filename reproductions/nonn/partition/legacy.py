"""The search of python-louvain up to 0.15, with which the release's partition was made.

In those versions the resolution multiplies the links inside a community, so resolution r asks for
gamma = 1/r. The installed 0.16 gives it another meaning, and the released routine depends on the
very numbers that the library gives its communities (see `released`); so this is a model of the
older search that agrees with it community by community and number by number. It was compared with
python-louvain 0.15 itself. The order of a set of whole numbers, on which those numbers depend, is
CPython's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Weights = list[dict[int, float]]

_LEAST = 1e-7  # the library stops when the objective grows by less


@dataclass
class _Level:
    """Nodes of one level with the community of each; a node's loop is a link to itself."""

    links: Weights
    community: list[int]
    degree: list[float]
    load: list[float]
    inside: list[float]
    total: float

    def objective(self, resolution: float) -> float:
        """Return the library's modularity, summed in its order."""
        value = 0.0
        for number in set(self.community):
            share = self.load[number] / (2.0 * self.total)
            value += self.inside[number] * resolution / self.total - share**2
        return value


def louvain(weights: Floats, resolution: float, seed: int) -> dict[int, int]:
    """Return the community of every filter as python-louvain 0.15 numbers it."""
    links: Weights = [
        {int(other): float(row[other]) for other in np.flatnonzero(row)} for row in weights
    ]
    random = np.random.RandomState(seed)
    level = _level(links)
    _one_level(level, resolution, random)
    best, names = level.objective(resolution), _renumbered(level.community)
    node, found = list(range(len(links))), names
    while True:
        # The nodes of the next level stand in the order in which this one's first show them.
        order = {name: at for at, name in enumerate(dict.fromkeys(names))}
        above = [order[name] for name in names]
        level = _level(_condensed(level.links, above))
        node = [above[at] for at in node]
        _one_level(level, resolution, random)
        value = level.objective(resolution)
        if value - best < _LEAST:
            return dict(enumerate(found))
        best, names = value, _renumbered(level.community)
        found = [names[at] for at in node]


def _level(links: Weights) -> _Level:
    """Put every node in a community of its own."""
    loops = [row.get(node, 0.0) for node, row in enumerate(links)]
    degree = [sum(row.values()) + loop for row, loop in zip(links, loops, strict=True)]
    return _Level(
        links, list(range(len(links))), degree, list(degree), list(loops), sum(degree) / 2
    )


def _one_level(level: _Level, resolution: float, random: np.random.RandomState) -> None:
    """Move nodes until the objective hardly grows any more."""
    value = level.objective(resolution)
    while True:
        before = value
        order = list(range(len(level.links)))
        random.shuffle(order)
        moved = [_move(level, node, resolution, random) for node in order]
        value = level.objective(resolution)
        if not any(moved) or value - before < _LEAST:
            return


def _move(level: _Level, node: int, resolution: float, random: np.random.RandomState) -> bool:
    """Move `node` to the community that gains most; say whether that is another one."""
    home, loop = level.community[node], level.links[node].get(node, 0.0)
    toward: dict[int, float] = {}
    for other, weight in level.links[node].items():
        if other != node:
            number = level.community[other]
            toward[number] = toward.get(number, 0) + weight
    share = level.degree[node] / (level.total * 2.0)
    level.load[home] -= level.degree[node]
    leaving = -resolution * toward.get(home, 0) + level.load[home] * share
    level.inside[home] = level.inside[home] - toward.get(home, 0.0) - loop
    best, most = home, 0.0
    candidates = list(toward.items())
    random.shuffle(candidates)
    for number, weight in candidates:
        gain = leaving + resolution * weight - level.load[number] * share
        if gain > most:
            best, most = number, gain
    level.community[node] = best
    level.load[best] += level.degree[node]
    level.inside[best] = level.inside[best] + toward.get(best, 0.0) + loop
    return best != home


def _renumbered(label: list[int]) -> list[int]:
    """Number the communities from 0 on as the library does: numbers that are low enough stay."""
    values = set(label)
    target = set(range(len(values)))
    if values == target:
        return list(label)
    names = {number: number for number in target & values}
    names.update(zip(values.difference(target), target.difference(values), strict=True))
    return [names[number] for number in label]


def _condensed(links: Weights, label: list[int]) -> Weights:
    """Return the links between communities, those inside as loops, in the library's order."""
    between: Weights = [{} for _ in range(max(label) + 1)]
    for node, row in enumerate(links):
        for other, weight in row.items():
            if other >= node:
                here, there = label[node], label[other]
                total = between[here].get(there, 0) + weight
                between[here][there] = total
                between[there][here] = total
    return between
