"""The step that compares the partitions of each algorithm on a teacher's graph and on a suite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.nonn.params.quality import PartitionQualityParams
from reproductions.nonn.params.resolution import Resolution
from reproductions.nonn.partition import released
from reproductions.nonn.partition.check import weights_of
from reproductions.nonn.partition.communities import Community, as_fraction, modularity
from reproductions.nonn.partition.cut import Floats, Links, cut, links_of
from reproductions.nonn.partition.packing import pack, split
from reproductions.nonn.partition.search import check_enough, linked
from reproductions.nonn.partition.suite import SUITE

Students = list[list[int]]
"""The filters of each student."""


def shares(
    weights: Floats, links: Links, algorithm: str, params: PartitionQualityParams, run: Run
) -> tuple[list[Community], Mapping[int, Students]]:
    """Return the communities that `algorithm` finds, and the students it makes of them.

    Every algorithm starts from the same seed. The release may make fewer students than asked for.
    """
    if algorithm.startswith("released"):
        found = released.louvain(
            weights, _as_passed(params.resolution, algorithm), run.seed("communities")
        )
        groups = released.groups_of(found)
        made = {number: released.students_of(groups, number) for number in params.students}
        return _linked_groups(found, links), made
    gamma = as_fraction(params.resolution.gamma)
    communities = linked(links, algorithm, gamma, run.generator("communities"))
    check_enough(communities, links, params.keep_percentile, max(params.students))
    return communities, {number: packed(communities, links, number) for number in params.students}


def packed(communities: list[Community], links: Links, number: int) -> Students:
    """Return the filters of `number` students as the default shares them out."""
    parts = split(communities, number, links)
    return [[node for at in places for node in parts[at]] for places in pack(parts, number)]


def _as_passed(resolution: Resolution, algorithm: str) -> Resolution:
    """Return the number that the release passes, in the meaning of the library of `algorithm`."""
    return Resolution(
        value=1 / resolution.gamma,
        meaning="python-louvain-0.16" if algorithm.endswith("0.16") else "python-louvain-0.15",
    )


def _linked_groups(found: Mapping[int, int], links: Links) -> list[Community]:
    groups: dict[int, list[int]] = {}
    for node, number in found.items():
        if links[node]:
            groups.setdefault(number, []).append(node)
    return [tuple(group) for group in groups.values()]


def inside(links: Links, students: Students) -> float:
    """Return the share of all links' weight that is between two filters of one student."""
    home = {node: number for number, nodes in enumerate(students) for node in nodes}
    within = sum(
        weight
        for node, number in home.items()
        for other, weight in links[node].items()
        if home.get(other) == number
    )
    return float(Fraction(within, sum(sum(row.values()) for row in links)))


def measures(links: Links, students: Students, number: int) -> Row:
    """Measure one partition into `number` students, of whom some may have got nothing.

    `imbalance` is the largest load over the mean one, 1 at best and `number` at worst; it is that
    too where no filter at all is kept.
    """
    sizes = [len(nodes) for nodes in students] + [0] * (number - len(students))
    kept = sum(sizes)
    return {
        "students": number,
        "served": sum(size > 0 for size in sizes),
        "kept": kept,
        "isolated_kept": sum(not links[node] for nodes in students for node in nodes),
        "largest": max(sizes),
        "smallest": min(sizes),
        "imbalance": max(sizes) * number / kept if kept else float(number),
        "cut_weight": 1.0 - inside(links, students),
    }


def rows_of(name: str, weights: Floats, params: PartitionQualityParams, run: Run) -> Iterator[Row]:
    """Yield one row for each algorithm and number of students; `weights` are those after the cut.

    The modularity is that of the communities that were found, before anything is split or packed.
    """
    links, gamma = links_of(weights), as_fraction(params.resolution.gamma)
    for algorithm in params.algorithms:
        communities, made = shares(weights, links, algorithm, params, run)
        objective = modularity(links, communities, gamma)
        for number, students in made.items():
            yield {
                "graph": name,
                "algorithm": algorithm,
                "filters": len(links),
                "communities": len(communities),
                "modularity": objective,
                **measures(links, students, number),
            }


def partition_quality(
    inputs: Inputs, params: PartitionQualityParams, outputs: Outputs, run: Run
) -> None:
    """Step: compare the algorithms on the input, and on the graphs of the suite."""
    graphs = {"teacher": cut(weights_of(inputs), params.keep_percentile)}
    graphs |= {name: SUITE[name](run.generator("graph", name)) for name in params.graphs}
    rows = [row for name in graphs for row in rows_of(name, graphs[name], params, run)]
    outputs.rows("rows", rows)
