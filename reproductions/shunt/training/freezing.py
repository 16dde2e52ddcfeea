"""Which layers of a network with shunts learn, epoch by epoch (release)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from harness.errors import HarnessError
from reproductions.shunt.params.training import Freezing
from reproductions.shunt.surgery.blocks import named
from reproductions.shunt.surgery.graph import Graph, ordered

EPOCHS_A_BLOCK = 2
"""After so many epochs one more block learns, where blocks are released one by one."""


class Freezer:
    """Freezes layers of `model` by `policy`; a frozen batch normalisation infers.

    Parameters
    ----------
    model
        A graph of layers.
    policy
        See `Freezing`.
    shunts
        Names of the shunts, each a layer of the model.
    """

    def __init__(self, model: keras.Model, policy: Freezing, shunts: Sequence[str]) -> None:
        self.model = model
        self.policy = policy
        self.learning: frozenset[str] | None = None
        if policy == "nothing":
            return
        self.steps = _steps(model, policy, shunts)

    def thaw(self, epoch: int) -> bool:
        """Set what learns in `epoch`, counted from zero; tell whether it is other than before."""
        if self.policy == "nothing":
            return False
        count = 1 + epoch // EPOCHS_A_BLOCK
        learning = frozenset(name for names in self.steps[:count] for name in names)
        if learning == self.learning:
            return False
        self.learning = learning
        for layer in self.model.layers:
            layer.trainable = layer.name in learning
        return True


def _steps(model: keras.Model, policy: Freezing, shunts: Sequence[str]) -> list[list[str]]:
    """Return the layers that learn from the start, and those that begin to later, in turns."""
    graph = Graph.of(model)
    known = {call.name for call in graph.calls}
    missing = sorted(set(shunts) - known)
    if not shunts or missing:
        raise HarnessError(
            f"freezing '{policy}' speaks of shunts, and the network '{model.name}' has "
            f"{'no ' + repr(missing[0]) if missing else 'none'}",
            "set 'freeze' to 'nothing', or train a network with shunts",
        )
    match policy:
        case "release_from_top":
            return _groups(graph, shunts)[::-1]
        case "release_from_shunt":
            return _from_shunt(_groups(graph, shunts), shunts)
        case "all_but_shunt":
            return [list(shunts)]
        case "before_shunt":
            frozen = set.intersection(*(_before(graph, one) for one in shunts))
        case _:
            frozen = set.union(set(shunts), *(_before(graph, one) for one in shunts))
    return [[name for name in known if name not in frozen]]


def _before(graph: Graph, shunt: str) -> set[str]:
    """Return the names of the layers that the input of `shunt` depends on."""
    inputs: list[Any] = [one for call in graph.calls if call.name == shunt for one in call.inputs]
    return {call.name for call in ordered(inputs, {})}


def _groups(graph: Graph, shunts: Sequence[str]) -> list[list[str]]:
    """Return layers by block or shunt, between those before and those behind, in order."""
    groups: dict[str, list[str]] = {}
    for call in graph.calls:
        if not getattr(call.operation, "weights", ()):
            continue
        block = named(call.name)
        edge = "head" if any(name != "stem" for name in groups) else "stem"
        key = call.name if call.name in shunts else block[1] if block else edge
        groups.setdefault(key, []).append(call.name)
    return list(groups.values())


def _from_shunt(groups: list[list[str]], shunts: Sequence[str]) -> list[list[str]]:
    """Order `groups` by their distance from a shunt, of equal ones the one behind it first.

    The shunts learn from the start, all of them.
    """
    homes = [place for place, names in enumerate(groups) if names[0] in shunts]
    others = [place for place in range(len(groups)) if place not in homes]
    others.sort(key=lambda place: (min(abs(place - home) for home in homes), -place))
    return [[groups[home][0] for home in homes], *(groups[place] for place in others)]
