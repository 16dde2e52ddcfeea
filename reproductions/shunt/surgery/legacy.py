"""Windows as the release writes them: the indices of the first and the last layer taken out."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from harness.errors import HarnessError
from reproductions.shunt.params.window import Window
from reproductions.shunt.surgery.blocks import Block, blocks_of, named
from reproductions.shunt.surgery.graph import Call, Graph
from reproductions.shunt.surgery.region import faults, region_of

NEAR = 3
"""How many layers an index may be off, and still be meant: the published ones are off by 1 or 2."""

_TOLD = 3  # of the reasons


class LegacyIndexWarning(UserWarning):
    """A pair of layer indices that does not begin and end with blocks of the network."""


def window_of_indices(
    model: Any, pair: tuple[int, int], layers: Sequence[str] | None = None
) -> Window:
    """Return the window of blocks that the layers from `pair[0]` to `pair[1]` are or mean.

    Where they are not whole blocks, the blocks whose ends are nearest are taken, with a
    `LegacyIndexWarning` that says what is wrong with the pair as it is. For the published 64,157
    in MobileNetV3 small that is 65,158, blocks 5 to 10.

    Parameters
    ----------
    layers
        Names of the layers in the order in which the indices count, by default Keras's own.

    Raises
    ------
    HarnessError
        The pair is outside of the network, or too far from any block's ends to be meant.
    """
    graph = Graph.of(model)
    names = list(layers) if layers is not None else [layer.name for layer in model.layers]
    first, last = pair
    if not 0 <= first <= last < len(names):
        raise HarnessError(
            f"the layers {first},{last} are not in '{model.name}', which has {len(names)} layers",
            "give the index of the first and of the last layer, or a window such as '7-12'",
        )
    spans = _spans(blocks_of(graph), names)
    begin = min(spans, key=lambda one: abs(spans[one][0] - first))
    end = min(spans, key=lambda one: abs(spans[one][1] - last))
    off = max(abs(spans[begin][0] - first), abs(spans[end][1] - last))
    if off > NEAR or end < begin:
        raise _not_meant(graph, pair, names, spans)
    window = Window(first=begin, last=end)
    if off:
        _warn(graph, pair, names, window, (spans[begin][0], spans[end][1]))
    region_of(graph, window)
    return window


def _spans(found: Sequence[Block], names: Sequence[str]) -> dict[int, tuple[int, int]]:
    """Return for each block the indices of its first and last layer."""
    own = {call.name: one.ordinal for one in found for call in one.calls}
    by_name = {name: block[0] for name in names if (block := named(name)) is not None}
    places: dict[int, list[int]] = {one.ordinal: [] for one in found}
    for index, name in enumerate(names):
        ordinal = own.get(name, by_name.get(name))
        if ordinal in places:
            places[ordinal].append(index)
    return {ordinal: (min(at), max(at)) for ordinal, at in places.items() if at}


def _reasons(graph: Graph, pair: tuple[int, int], names: Sequence[str]) -> str:
    chosen = names[pair[0] : pair[1] + 1]
    calls = _with_unlisted(graph, set(chosen), set(names))
    found = faults(graph, calls) or (f"they begin with '{chosen[0]}' and end with '{chosen[-1]}'",)
    more = f"; and {len(found) - _TOLD} more" if len(found) > _TOLD else ""
    return "; ".join(found[:_TOLD]) + more


def _with_unlisted(graph: Graph, chosen: set[str], listed: set[str]) -> list[Call]:
    """Return the chosen calls, and operations that are no layers where all they read is chosen."""
    calls: list[Call] = []
    inside: set[int] = set()
    for call in graph.calls:
        unlisted = call.name not in listed and all(id(one) in inside for one in call.inputs)
        if call.name in chosen or unlisted:
            calls.append(call)
            inside.update(map(id, call.outputs))
    return calls


def _warn(
    graph: Graph,
    pair: tuple[int, int],
    names: Sequence[str],
    window: Window,
    right: tuple[int, int],
) -> None:
    warnings.warn(
        f"the layers {pair[0]},{pair[1]} of '{graph.model.name}' are no window: "
        f"{_reasons(graph, pair, names)}. Taken instead: blocks {window}, "
        f"which are the layers {right[0]},{right[1]}.",
        LegacyIndexWarning,
        stacklevel=3,
    )


def _not_meant(
    graph: Graph,
    pair: tuple[int, int],
    names: Sequence[str],
    spans: dict[int, tuple[int, int]],
) -> HarnessError:
    starts, ends = (", ".join(str(span[at]) for span in spans.values()) for at in (0, 1))
    return HarnessError(
        f"the layers {pair[0]},{pair[1]} ('{names[pair[0]]}' to '{names[pair[1]]}') of "
        f"'{graph.model.name}' are no window of blocks: {_reasons(graph, pair, names)}",
        f"begin at one of {starts} and end at one of {ends}, or name blocks, such as "
        f"'{min(spans)}-{max(spans)}'",
    )
