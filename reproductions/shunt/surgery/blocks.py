"""The blocks of a Keras model, found by the names of its layers or by its shape."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from harness.errors import HarnessError
from reproductions.shunt.architecture.shunt import no_such_block
from reproductions.shunt.params.window import Window
from reproductions.shunt.surgery.graph import Call, Graph, Tensor

_NAMED = re.compile(r"(?:^|_)(expanded_conv(?:_(\d+))?|block_(\d+))(?=_)")


@dataclass(frozen=True, eq=False)
class Block:
    """A part of a network with one way in and one way on.

    Parameters
    ----------
    ordinal
        Its number: from its layers' names, which surgery leaves as they are, or else its place.
    name
        ``expanded_conv_7``, or the name of the addition that ends it.
    entry, exit
        The tensors before and after it.
    calls
        Its layers in order.
    residual
        Whether it is the sum of its entry and one other tensor: then it can be taken out.
    """

    ordinal: int
    name: str
    entry: Tensor
    exit: Tensor
    calls: tuple[Call, ...]
    residual: bool


def named(layer: str) -> tuple[int, str] | None:
    """Return number and name of the block that the layer's name tells, if it tells one.

    ``expanded_conv_7_project`` is of block 7; ``expanded_conv_depthwise`` of block 0, and so is
    ``block_3_add`` of block 3 (keras.applications).
    """
    found = _NAMED.search(layer)
    if found is None:
        return None
    name, numbered, other = found.groups()
    return int(numbered or other or 0), name


def blocks(model: Any) -> tuple[Block, ...]:
    """Return the blocks of `model`, from its input to its output.

    Where no layer is named after a block, the blocks are the pieces between two places that every
    way passes, as far as they end in an addition.

    Raises
    ------
    HarnessError
        `model` is no graph, has no blocks, or has layers with a block's name that do not make one.
    """
    return blocks_of(Graph.of(model))


def blocks_of(graph: Graph) -> tuple[Block, ...]:
    """Return the blocks of `graph`, from its input to its output."""
    found = tuple(_by_name(graph)) or tuple(_by_shape(graph))
    if not found:
        raise HarnessError(
            f"the network '{graph.model.name}' has no blocks to replace",
            "name its layers 'expanded_conv_<number>_...', or give a network of which parts end "
            "in an addition that every way passes",
        )
    return found


def _by_name(graph: Graph) -> Iterator[Block]:
    groups: dict[tuple[int, str], list[Call]] = defaultdict(list)
    for call in graph.calls:
        block = named(call.name)
        if block is not None:
            groups[block].append(call)
    for (ordinal, name), calls in groups.items():
        (entry, *_), exit_ = calls[0].inputs, calls[-1].outputs[0]
        found = _block(graph, ordinal, name, entry, exit_)
        _check_whole(found, calls)
        yield found


def _check_whole(found: Block, calls: Sequence[Call]) -> None:
    strange = [call.name for call in calls if call not in found.calls]
    if strange:
        raise HarnessError(
            f"the layers named '{found.name}' are no block: '{strange[0]}' does not lead to "
            f"'{calls[-1].name}'",
            "name the layers of one block, and no others, after it",
        )


def _by_shape(graph: Graph) -> Iterator[Block]:
    ends = list(_passed_by_all(graph))
    for ordinal, (entry, exit_) in enumerate(
        (before, after) for before, after in pairwise(ends) if graph.maker[id(after)].adds
    ):
        yield _block(graph, ordinal, graph.maker[id(exit_)].name, entry, exit_)


def _block(graph: Graph, ordinal: int, name: str, entry: Tensor, exit_: Tensor) -> Block:
    last = graph.maker[id(exit_)]
    residual = last.adds and len(last.inputs) == 2 and any(one is entry for one in last.inputs)
    calls = graph.between(entry, exit_)
    return Block(ordinal, name, entry, exit_, calls, residual)


def _passed_by_all(graph: Graph) -> Iterator[Tensor]:
    """Yield the tensors through which every way from input to output leads, in order."""
    read = [one for call in graph.calls for one in call.inputs] + list(graph.model.outputs)
    unread = Counter(map(id, read))
    alive: dict[int, Tensor] = {}
    for call in graph.calls:
        for tensor in call.inputs:
            unread[id(tensor)] -= 1
            if not unread[id(tensor)]:
                alive.pop(id(tensor), None)
        alive.update((id(one), one) for one in call.outputs if unread[id(one)])
        if len(alive) == 1:
            yield next(iter(alive.values()))


def window_of(found: Sequence[Block], address: str) -> Window:
    """Return the window that `address` names: ``7-12``, ``expanded_conv_7``, or two names.

    Two names are joined by a colon: ``expanded_conv_7:expanded_conv_12``.

    Raises
    ------
    HarnessError
        There is no such block, or the second comes before the first.
    """
    try:
        window = Window.parse(address)
    except ValueError:
        first, _, last = address.partition(":")
        ordinals = [_ordinal(found, name.strip()) for name in (first, last or first)]
        if ordinals[1] < ordinals[0]:
            raise HarnessError(
                f"'{last}' comes before '{first}'", "name the first block of the window first"
            ) from None
        window = Window(first=ordinals[0], last=ordinals[1])
    for end in (window.first, window.last):
        block(found, end)
    return window


def _ordinal(found: Sequence[Block], name: str) -> int:
    for one in found:
        if one.name == name:
            return one.ordinal
    raise HarnessError(
        f"the network has no block '{name}'",
        f"write a window as '7-12', or by names: {', '.join(one.name for one in found)}",
    )


def block(found: Sequence[Block], ordinal: int) -> Block:
    """Return the block of this number; refuse one that is not there."""
    for one in found:
        if one.ordinal == ordinal:
            return one
    known = [one.ordinal for one in found]
    whole = range(len(known)) if known == list(range(len(known))) else known
    raise no_such_block(ordinal, whole)
