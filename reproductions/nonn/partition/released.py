"""The released routine, defects and all: what `compat` runs.

Its three defects, which the default does not have:

A. Sizes are listed in the order in which communities first occur, but members are looked up by
   the position in that list as if it were a community's number. Sizes are so taken from one
   community and filters from another.
B. Communities of equal size are merged into one group.
C. The largest group is dropped, although the isolated filters are meant.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reproductions.nonn.params.resolution import Resolution
from reproductions.nonn.partition import legacy

Group = list[int]
Floats = NDArray[np.float64]


def louvain(weights: Floats, resolution: Resolution, seed: int) -> dict[int, int]:
    """Return the community of every filter as the release's library of that meaning finds it.

    The release leaves open which version it runs. Up to 0.15 the model in `legacy` is used, for
    0.16 the library itself.
    """
    if resolution.meaning == "python-louvain-0.15":
        return legacy.louvain(weights, resolution.value, seed)
    from community import best_partition  # type: ignore[import-untyped]
    from networkx import from_numpy_array

    graph = from_numpy_array(weights)
    found = best_partition(graph, resolution=resolution.value, random_state=seed)
    return {int(node): int(community) for node, community in found.items()}


def groups_of(community: dict[int, int]) -> list[Group]:
    """Return the release's groups, largest first (defects A and B).

    `community` maps each filter to its community, in the order in which the library lists them.
    """
    members: dict[int, Group] = {}
    for node, name in community.items():
        members.setdefault(name, []).append(node)
    sizes = [len(group) for group in members.values()]
    merged = [
        [
            node
            for position, size in enumerate(sizes)
            if size == wanted
            for node in members[position]
        ]
        for wanted in sorted(set(sizes))
    ]
    return sorted(merged, key=len, reverse=True)


def students_of(groups: list[Group], number: int) -> list[Group]:
    """Return the filters of each student; fewer than `number` when groups are few (defect C)."""
    _, *kept = groups
    students = [list(group) for group in kept[:number]]
    for group in kept[number:]:
        min(students, key=len).extend(group)
    return students
