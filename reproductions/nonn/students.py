"""The students: N networks that share no weight, and the linear layer over all their features."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from harness.errors import HarnessError
from harness.formats.arrays import Array
from harness.formats.rows import Row
from harness.stage.run import Run
from reproductions.naming import within
from reproductions.nonn import architecture
from reproductions.nonn.architecture.block import Architecture
from reproductions.nonn.architecture.layer import Relu
from reproductions.nonn.networks import assemble, initialise
from reproductions.nonn.params.network import Network
from reproductions.nonn.weights import restore


class System(nn.Module):
    """N disjoint nodes under one head.

    Parameters
    ----------
    nodes
        The students; each maps images (B, C, H, W) to features (B, C_k).
    filters
        C_k of each.
    classes
        What the head tells apart.
    """

    def __init__(self, nodes: Sequence[nn.Module], filters: Sequence[int], classes: int) -> None:
        super().__init__()
        self.sizes = tuple(filters)
        for number, node in enumerate(nodes):
            self.add_module(f"student{number}", node)
        self.head = nn.Linear(sum(filters), classes)
        assert disjoint(self.nodes())

    def nodes(self) -> list[nn.Module]:
        """The students in order; each maps (B, C, H, W) to its features (B, C_k)."""
        return [self.get_submodule(f"student{number}") for number in range(len(self.sizes))]

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (B, classes) and the students' features side by side (B, sum of C_k)."""
        features = torch.cat([node(x) for node in self.nodes()], dim=1)
        return self.head(features), features


class Students(System):
    """N disjoint students under one head.

    Each student is a backbone of its own and a bridge to the filters that it stands for; the
    released model has one backbone under all bridges (`SharedTrunk`).
    """

    def __init__(self, network: Network, filters: Sequence[int]) -> None:
        nodes = [assemble(architecture.student(network, channels)) for channels in filters]
        super().__init__(nodes, filters, network.classes)


class SharedTrunk(nn.Module):
    """The released model: N bridges on one backbone (Defect D), without some of its ReLUs.

    Its assembly chains the children of the base network, and so loses the ReLUs that the base
    calls in its own forward pass: all but those inside the blocks.
    """

    def __init__(self, network: Network, filters: Sequence[int]) -> None:
        super().__init__()
        self.sizes = tuple(filters)
        trunk = architecture.backbone(network)
        self.trunk = assemble(_as_chained(trunk))
        for number, channels in enumerate(filters):
            student = architecture.student(network, channels)
            bridge = replace(student, blocks=student.blocks[len(trunk.blocks) :])
            self.add_module(f"student{number}", assemble(bridge))
        self.head = nn.Linear(sum(filters), network.classes)

    def nodes(self) -> list[nn.Module]:
        """The students in order, each with the backbone that all of them share."""
        bridges = [self.get_submodule(f"student{number}") for number in range(len(self.sizes))]
        return [nn.Sequential(self.trunk, bridge) for bridge in bridges]

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (B, classes) and the students' features side by side (B, sum of C_k)."""
        shared = self.trunk(x)
        bridges = (self.get_submodule(f"student{number}") for number in range(len(self.sizes)))
        features = torch.cat([bridge(shared) for bridge in bridges], dim=1)
        return self.head(features), features


def _as_chained(trunk: Architecture) -> Architecture:
    """`trunk` without the ReLUs of its first and last block, where they are calls in the base."""
    blocks = tuple(
        replace(block, body=tuple(layer for layer in block.body if not isinstance(layer, Relu)))
        if block.name in ("stem", "final")
        else block
        for block in trunk.blocks
    )
    return replace(trunk, blocks=blocks)


def disjoint(modules: Iterable[nn.Module]) -> bool:
    """Return whether no two of `modules` have a parameter or statistic in the same memory."""
    seen: set[int] = set()
    for module in modules:
        own = {value.untyped_storage().data_ptr() for value in module.state_dict().values()}
        if seen & own:
            return False
        seen |= own
    return True


def build(
    network: Network, filters: Sequence[int], *, compat: bool, run: Run
) -> Students | SharedTrunk:
    """Return untrained students for `filters` channels each.

    The seed of a student depends on the number of students and its own place, so neither the
    order of the systems nor that of the students matters.
    """
    kind = SharedTrunk if compat else Students
    system = kind(network, filters)
    for name, part in system.named_children():
        initialise(part, run.seed("initial", len(filters), name))
    return system


def trained(network: Network, weights: Mapping[str, Array], number: int) -> Students:
    """Return the system of `number` students among the `weights` that a training has left.

    How many filters each stands for is read off the batch normalisation of its bridge.

    Raises
    ------
    HarnessError
        There is no such system of students of their own, or it is of another network.
    """
    own = within(f"n{number}", weights)
    names = [f"student{place}.bridge.1.weight" for place in range(number)]
    shared = any(name.startswith("trunk.") for name in own)
    missing = [name for name in names if name not in own]
    if shared or missing:
        why = "all have one backbone" if shared else f"no 'n{number}.{missing[0]}'"
        raise HarnessError(
            f"the weights hold no system of {number} students of their own: {why}",
            "name numbers of students that were trained, without 'compat'",
        )
    system = Students(network, [len(own[name]) for name in names])
    restore(system, own, f"'students', of which n{number} is read")
    return system.eval()


def filters_of(assignment: Sequence[Row], students: int) -> tuple[tuple[int, ...], ...]:
    """Return the teacher's filters that each of `students` students stands for, ascending.

    Raises
    ------
    HarnessError
        The assignment has no partition, or an incomplete one, for that number of students.
    """
    found: dict[int, list[int]] = {}
    for row in assignment:
        student, number = row["student"], row["filter"]
        if row["students"] == students and isinstance(student, int) and isinstance(number, int):
            found.setdefault(student, []).append(number)
    if sorted(found) != list(range(students)):
        there = sorted({str(row["students"]) for row in assignment})
        raise HarnessError(
            f"the assignment has no partition for {students} students; it has {', '.join(there)}",
            "partition the filters for the numbers of students that are trained",
        )
    return tuple(tuple(sorted(found[number])) for number in range(students))
