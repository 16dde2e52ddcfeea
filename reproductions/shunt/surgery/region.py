"""What a window takes out of a network, and why it cannot where it cannot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras

from harness.errors import HarnessError
from reproductions.shunt.architecture.shunt import Site
from reproductions.shunt.params.window import Window
from reproductions.shunt.surgery.blocks import Block, block, blocks_of
from reproductions.shunt.surgery.cost import Cost, cost_of
from reproductions.shunt.surgery.graph import Call, Graph, Tensor, ordered


@dataclass(frozen=True, eq=False)
class Region:
    """The layers of a window: nothing but `entry` leads in, nothing but `exit` leads on.

    Parameters
    ----------
    window
        Its first and last block.
    blocks
        The blocks that are still there; earlier surgery may have replaced some between the ends.
    entry, exit
        The tensors before and after it.
    calls
        Its layers in order.
    """

    window: Window
    blocks: tuple[Block, ...]
    entry: Tensor
    exit: Tensor
    calls: tuple[Call, ...]

    @cached_property
    def cost(self) -> Cost:
        """What it costs, nested models included."""
        return cost_of(self.calls)

    @cached_property
    def site(self) -> Site:
        """The place as a shunt has to know it."""
        rates = [
            int(call.operation.dilation_rate[0])
            for call in self.calls
            if isinstance(call.operation, keras.layers.DepthwiseConv2D)
        ] or [1]
        return Site(self._shape(self.entry), self._shape(self.exit), (rates[0], rates[-1]))

    def _shape(self, tensor: Tensor) -> tuple[int, int, int]:
        if len(tensor.shape) != 4 or None in tensor.shape[1:]:
            raise HarnessError(
                f"window {self.window} does not begin and end with maps of a fixed size: "
                f"{tuple(tensor.shape[1:])}",
                "build the network for images of a fixed height and width",
            )
        height, width, channels = tensor.shape[1:]
        return height, width, channels


def region(model: Any, window: Window) -> Region:
    """Return the layers of `window` in `model`.

    Raises
    ------
    HarnessError
        There is no such block; or the window cuts a residual, leaves an addition without both of
        its inputs, or holds a map that is read outside of it.
    """
    return region_of(Graph.of(model), window)


def region_of(graph: Graph, window: Window) -> Region:
    """Return the layers of `window` in `graph`, as `region` does."""
    found = blocks_of(graph)
    first, last = block(found, window.first), block(found, window.last)
    calls = graph.between(first.entry, last.exit)
    reasons = faults(graph, calls, first.entry, last.exit)
    if reasons:
        raise HarnessError(
            f"window {window} of '{graph.model.name}' cannot be replaced: {'; '.join(reasons)}",
            "choose a window whose first block alone is entered, and whose last block alone is "
            "read by what follows",
        )
    within = tuple(one for one in found if one.ordinal in window.blocks)
    return Region(window, within, first.entry, last.exit, calls)


def faults(
    graph: Graph, calls: Sequence[Call], entry: Tensor = None, exit_: Tensor = None
) -> tuple[str, ...]:
    """Return why `calls` cannot be replaced by one thing; nothing where they can.

    Parameters
    ----------
    entry, exit_
        Where the replacement begins and ends; by default the first tensor that comes in, and the
        last that goes out.
    """
    inside = {id(tensor) for call in calls for tensor in call.outputs}
    within = {id(call) for call in calls}
    outside = [call for call in graph.calls if id(call) not in within]
    coming = [one for call in calls for one in call.inputs if id(one) not in inside]
    going = [one for call in outside for one in call.inputs if id(one) in inside]
    entry = entry if entry is not None or not coming else coming[0]
    exit_ = exit_ if exit_ is not None or not going else going[-1]
    reasons = [
        *_orphans(outside, inside),
        *_cut(calls, outside, inside, entry),
        *_leaks(graph, outside, inside, exit_),
        *_intruders(calls, inside, entry),
    ]
    return tuple(dict.fromkeys(reasons))


def _orphans(outside: Sequence[Call], inside: set[int]) -> Iterator[str]:
    for call in outside:
        lost = {id(one) for one in call.inputs} & inside
        if call.adds and len(lost) > 1 and all(id(one) in inside for one in call.inputs):
            yield f"the addition '{call.name}' would lose both of its inputs"


def _cut(
    calls: Sequence[Call], outside: Sequence[Call], inside: set[int], entry: Tensor
) -> Iterator[str]:
    """Tell of additions of which one way leads through the layers and the other around them."""
    for call in outside:
        ways = [one for one in call.inputs if id(one) not in inside]
        through = len(call.inputs) - len(ways)
        if call.adds and through and any(not _depends(one, inside) for one in ways):
            yield f"it cuts the residual that '{call.name}' closes, which stays outside"
    for call in calls:
        strange = [one for one in call.inputs if id(one) not in inside and one is not entry]
        if call.adds and strange:
            yield f"it cuts the residual that '{call.name}' closes, which begins outside"


def _depends(tensor: Tensor, inside: set[int]) -> bool:
    return any(id(one) in inside for call in ordered([tensor], {}) for one in call.outputs)


def _leaks(graph: Graph, outside: Sequence[Call], inside: set[int], exit_: Tensor) -> Iterator[str]:
    for call in outside:
        for one in call.inputs:
            if id(one) in inside and one is not exit_ and not call.adds:
                maker = graph.maker[id(one)].name
                yield f"'{call.name}' outside of it reads '{maker}' inside"
    for one in graph.model.outputs:
        if id(one) in inside and one is not exit_:
            yield f"'{graph.maker[id(one)].name}' inside is an output of the network"


def _intruders(calls: Sequence[Call], inside: set[int], entry: Tensor) -> Iterator[str]:
    for call in calls:
        for one in call.inputs:
            if id(one) not in inside and one is not entry and not call.adds:
                yield f"'{call.name}' inside also reads '{_name(one)}' from outside"


def _name(tensor: Tensor) -> str:
    return ordered([tensor], {})[-1].name
