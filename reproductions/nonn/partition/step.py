"""The step that shares out the teacher's filters to students."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harness.errors import HarnessError
from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.nonn.params.partition import PartitionParams
from reproductions.nonn.partition import released
from reproductions.nonn.partition.check import weights_of
from reproductions.nonn.partition.communities import Community, as_fraction, modularity
from reproductions.nonn.partition.cut import Links, cut, links_of
from reproductions.nonn.partition.packing import pack, split
from reproductions.nonn.partition.search import check_enough, search


@dataclass(frozen=True)
class Share:
    """One partition: the communities, and for each student its (filter, community) pairs."""

    method: Literal["communities", "random", "released"]
    communities: list[Community]
    students: list[list[tuple[int, int]]]

    def assignment(self) -> list[Row]:
        """One row for each kept filter."""
        return [
            {
                "students": len(self.students),
                "student": student,
                "filter": number,
                "community": community,
            }
            for student, pairs in enumerate(self.students)
            for number, community in sorted(pairs)
        ]

    def quality(self, links: Links, gamma: float) -> Row:
        """One row that sums the partition up; modularity is that of the communities."""
        sizes = [len(pairs) for pairs in self.students]
        return {
            "students": len(self.students),
            "method": self.method,
            "communities": len(self.communities),
            "kept": sum(sizes),
            "dropped": len(links) - sum(sizes),
            "modularity": modularity(links, self.communities, as_fraction(gamma)),
            "largest": max(sizes),
            "smallest": min(sizes),
            "balance": max(sizes) / min(sizes),
        }


def by_communities(communities: list[Community], links: Links, number: int) -> Share:
    """Pack whole communities; split the largest only when there are fewer than students."""
    parts = split(communities, number, links)
    students = [
        [(node, position) for position in positions for node in parts[position]]
        for positions in pack(parts, number)
    ]
    return Share("communities", parts, students)


def by_chance(kept: list[int], number: int, random: np.random.Generator) -> Share:
    """Share out the same filters in parts that differ by one at most; a part is a community."""
    shuffled = random.permutation(kept)
    parts = [tuple(sorted(int(node) for node in part)) for part in np.array_split(shuffled, number)]
    students = [[(node, student) for node in part] for student, part in enumerate(parts)]
    return Share("random", parts, students)


def as_released(community: dict[int, int], number: int) -> Share:
    """Share out as the release does; HarnessError where the release would fail later."""
    students = released.students_of(released.groups_of(community), number)
    if len(students) < number:
        raise HarnessError(
            f"the released routine (compat) makes {len(students)} students here, not {number}",
            "ask for fewer students, or leave 'compat' out to have communities split",
        )
    members: dict[int, list[int]] = {}
    for node, name in community.items():
        members.setdefault(name, []).append(node)
    linked = [tuple(sorted(group)) for group in members.values() if len(group) > 1]
    return Share(
        "released", linked, [[(node, community[node]) for node in group] for group in students]
    )


def shares_of(weights: NDArray[np.float64], params: PartitionParams, run: Run) -> list[Share]:
    """Return the partition of the filters of `weights` (C, C) for each number of students."""
    strong = cut(weights, params.keep_percentile)
    links = links_of(strong)
    if params.compat:
        found = released.louvain(strong, params.resolution, run.seed("communities"))
        return [as_released(found, number) for number in params.students]
    communities = search(weights, links, params, run.generator("communities"))
    kept = sorted(node for group in communities for node in group)
    check_enough(communities, links, params.keep_percentile, max(params.students))
    if params.method == "random":
        return [by_chance(kept, n, run.generator("random", n)) for n in params.students]
    return [by_communities(communities, links, number) for number in params.students]


def partition(inputs: Inputs, params: PartitionParams, outputs: Outputs, run: Run) -> None:
    """Step: share out the teacher's filters to every number of students."""
    weights = weights_of(inputs)
    shares = shares_of(weights, params, run)
    links = links_of(cut(weights, params.keep_percentile))
    outputs.rows("assignment", [row for share in shares for row in share.assignment()])
    outputs.rows("quality", [share.quality(links, params.resolution.gamma) for share in shares])
