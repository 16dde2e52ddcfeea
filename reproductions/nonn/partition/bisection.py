"""Cutting one community in two: along light links, and into connected parts where possible."""

from __future__ import annotations

from collections.abc import Iterable

from reproductions.nonn.partition.communities import Community
from reproductions.nonn.partition.cut import Links

Halves = tuple[Community, Community]


def halves(community: Community, links: Links) -> Halves:
    """Cut `community` in two parts, as equal as they can be while both are connected.

    A connected community is cut into equal halves along light links where that leaves both
    connected; otherwise into the most equal connected parts that are found, which are the most
    equal of all where the community is a tree. One in pieces already is cut between them.
    """
    pieces = components(community, links)
    if len(pieces) > 1:
        return _shared_out(pieces)
    equal = _equal(community, links)
    if all(len(components(half, links)) == 1 for half in equal):
        return equal
    seeds = {*equal, *_branches(community, links)}
    seeds.update(_grown(node, len(equal[0]), community, links) for node in community)
    found = [_connected(seed, community, links) for seed in sorted(seeds)]
    return min(found, key=lambda parts: (max(map(len, parts)), _between(parts, links), parts))


def cut_off(community: Community, size: int, links: Links) -> Halves:
    """Cut a part of `size` filters off `community`; return it and the rest, which has some too.

    Of the parts that grow from one filter along its heaviest links, the one that leaves fewest
    pieces is taken, and of those the one with the lightest links to the rest.
    """

    def badness(parts: Halves) -> tuple[int, int, Halves]:
        pieces = sum(len(components(part, links)) for part in parts)
        return pieces, _between(parts, links), parts

    grown = {_grown(node, size, community, links) for node in community}
    return min(((part, _rest(community, part)) for part in grown), key=badness)


def components(nodes: Iterable[int], links: Links) -> list[Community]:
    """Return the connected pieces of `nodes`, the largest first; of equal ones the lowest."""
    left, pieces = set(nodes), []
    while left:
        piece, edge = set(), [min(left)]
        while edge:
            node = edge.pop()
            if node in left:
                left.remove(node)
                piece.add(node)
                edge.extend(other for other in links[node] if other in left)
        pieces.append(tuple(sorted(piece)))
    return sorted(pieces, key=lambda piece: (-len(piece), piece))


def _shared_out(pieces: list[Community]) -> Halves:
    """Put each piece, the largest first, into the smaller half."""
    parts: tuple[list[int], list[int]] = ([], [])
    for piece in pieces:
        min(parts, key=len).extend(piece)
    return tuple(sorted(parts[0])), tuple(sorted(parts[1]))


def _equal(community: Community, links: Links) -> Halves:
    """Cut `community` into two equal parts along light links (Kernighan and Lin)."""
    from networkx import Graph
    from networkx.algorithms.community import kernighan_lin_bisection

    graph: Graph[int] = Graph()
    graph.add_nodes_from(community)
    for node in community:
        for other, weight in links[node].items():
            if other in graph:
                graph.add_edge(node, other, weight=weight)
    middle = (len(community) + 1) // 2
    start = set(community[:middle]), set(community[middle:])
    first, second = kernighan_lin_bisection(graph, start, weight="weight")
    return tuple(sorted(first)), tuple(sorted(second))


def _connected(seed: Community, community: Community, links: Links) -> Halves:
    """Return two connected parts of a connected community, close to `seed` and its rest.

    The largest piece of the seed stays. Everything else hangs on it, so all but the largest piece
    of that may join it.
    """
    core = components(seed, links)[0]
    largest, *others = components(_rest(community, core), links)
    joined = sorted({*core, *(node for piece in others for node in piece)})
    return tuple(joined), largest


def _grown(start: int, size: int, community: Community, links: Links) -> Community:
    """Return `size` filters: `start`, then always the one with the heaviest links to them."""
    inside, part = set(community), {start}
    toward = {other: weight for other, weight in links[start].items() if other in inside}
    while len(part) < size:
        outside = toward or dict.fromkeys(inside - part, 0)
        node = max(outside, key=lambda one: (outside[one], -one))
        part.add(node)
        toward.pop(node, None)
        for other, weight in links[node].items():
            if other in inside and other not in part:
                toward[other] = toward.get(other, 0) + weight
    return tuple(sorted(part))


def _branches(community: Community, links: Links) -> list[Community]:
    """Return what hangs on each filter but the first in the community's heaviest spanning tree."""
    root, inside = community[0], set(community)
    parent: dict[int, int] = {}
    order = [root]
    nearest = {other: (weight, root) for other, weight in links[root].items() if other in inside}
    while nearest:
        node = max(nearest, key=lambda one: (nearest[one][0], -one))
        parent[node] = nearest.pop(node)[1]
        order.append(node)
        for other, weight in links[node].items():
            if other in inside and other != root and other not in parent:
                nearest[other] = max(nearest.get(other, (0, root)), (weight, node))
    branch = {node: {node} for node in order}
    for node in reversed(order[1:]):
        branch[parent[node]] |= branch[node]
    return [tuple(sorted(branch[node])) for node in order[1:]]


def _between(parts: Halves, links: Links) -> int:
    """Return the weight of the links between two parts."""
    others = set(parts[1])
    return sum(w for node in parts[0] for other, w in links[node].items() if other in others)


def _rest(community: Community, part: Iterable[int]) -> Community:
    taken = set(part)
    return tuple(node for node in community if node not in taken)
