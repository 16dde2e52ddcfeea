"""A network with shunts in the place of windows of blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.errors import HarnessError
from reproductions.shunt.architecture.shunt import check_cheaper
from reproductions.shunt.params.window import Window, check_disjoint
from reproductions.shunt.surgery.cost import cost
from reproductions.shunt.surgery.graph import Graph, Tensor
from reproductions.shunt.surgery.rebuilding import Detour, rebuilt
from reproductions.shunt.surgery.region import Region, region_of

PREFIX = "final_"
"""What the release puts before the names of the layers of the network with shunts."""


def with_shunts(model: Any, shunts: Mapping[Window, Any], prefix: str = PREFIX) -> Any:
    """Return a copy of `model` with copies of `shunts`, weights and all, in their windows' places.

    Each shunt stays a model of its own inside, under its own name. Nothing is shared: training the
    copy changes neither `model` nor the shunts.

    Raises
    ------
    HarnessError
        Two windows share a block, a window cannot be replaced (see `region`), a shunt does not fit
        its window or needs more multiply-adds than it, or two layers would have one name.
    """
    return rebuilt(model, detours(model, shunts, _copy), prefix)


def _copy(shunt: Any) -> Callable[[Tensor], Tensor]:
    return rebuilt(shunt, name=shunt.name)


def detours(
    model: Any, shunts: Mapping[Window, Any], prepare: Callable[[Any], Callable[[Tensor], Tensor]]
) -> dict[int, Detour]:
    """Return the ways through `shunts`, checked, for a rebuilding of `model`.

    Parameters
    ----------
    prepare
        Makes of a shunt what is called in its place: a copy, or the shunt itself.
    """
    graph = Graph.of(model)
    made = {}
    for window in check_disjoint(shunts):
        part = region_of(graph, window)
        check_fit(part, shunts[window])
        made[id(part.exit)] = Detour(part.entry, prepare(shunts[window]))
    return made


def check_fit(part: Region, shunt: Any) -> None:
    """Refuse a shunt for `part` that gives or takes other shapes, or that costs more."""
    wanted = tuple(part.entry.shape[1:]), tuple(part.exit.shape[1:])
    given = tuple(shunt.input_shape[1:]), tuple(shunt.output_shape[1:])
    if wanted != given:
        raise HarnessError(
            f"the shunt '{shunt.name}' maps {given[0]} to {given[1]}, and window {part.window} of "
            f"the network {wanted[0]} to {wanted[1]} (height, width, channels)",
            "build the shunt for this window of this network",
        )
    check_cheaper(part.window, part.cost.macs, cost(shunt).macs)
