"""From communities to students: attach what is isolated, split what is too large, pack."""

from __future__ import annotations

from reproductions.nonn.partition.bisection import halves
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
        parts = ordered([*halves(parts[0], links), *parts[1:]])
    return parts


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
