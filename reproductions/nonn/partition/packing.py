"""From communities to students: attach what is isolated, split what is too large, pack."""

from __future__ import annotations

from reproductions.nonn.partition.communities import Community, ordered
from reproductions.nonn.partition.cut import Links


def attach(communities: list[Community], links: Links) -> list[Community]:
    """Add every filter without a community to the one with which it has the most weight.

    `links` are those before the cut. Of equally linked communities the smallest takes the filter;
    so does it when the filter has no link at all.
    """
    home = {member: number for number, members in enumerate(communities) for member in members}
    joined = [list(community) for community in communities]
    for lonely in range(len(links)):
        if lonely in home:
            continue
        weight = [0] * len(communities)
        for other, amount in links[lonely].items():
            if other in home:
                weight[home[other]] += amount
        best = min(range(len(joined)), key=lambda number: (-weight[number], len(joined[number])))
        joined[best].append(lonely)
    return ordered([tuple(sorted(community)) for community in joined])


def split(communities: list[Community], number: int, links: Links) -> list[Community]:
    """Halve the largest community until there are `number`; there must be as many filters."""
    parts = ordered(communities)
    while len(parts) < number:
        parts = ordered([*_halves(parts[0], links), *parts[1:]])
    return parts


def _halves(community: Community, links: Links) -> tuple[Community, Community]:
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


def pack(communities: list[Community], number: int) -> list[list[int]]:
    """Return, for each of `number` students, the positions of its communities.

    Largest first, each to the student with the fewest filters (LPT): the largest student has at
    most 4/3 - 1/(3 number) times the filters that it would have in the best packing.
    """
    students: list[list[int]] = [[] for _ in range(number)]
    load = [0] * number
    for position in sorted(range(len(communities)), key=lambda at: -len(communities[at])):
        least = load.index(min(load))
        students[least].append(position)
        load[least] += len(communities[position])
    return students
