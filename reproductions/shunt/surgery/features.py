"""What a network computes before and after its windows, for shunts to learn from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import keras

from harness.errors import HarnessError
from reproductions.shunt.params.window import Window, check_disjoint
from reproductions.shunt.surgery.graph import Graph, Tensor, ends
from reproductions.shunt.surgery.rebuilding import Detour, Rebuilding, assembled
from reproductions.shunt.surgery.region import region_of
from reproductions.shunt.surgery.replacement import detours, with_shunts


@dataclass(frozen=True, eq=False)
class Features:
    """The maps before and after some windows of a network as it is, in inference.

    Parameters
    ----------
    windows
        From the first block to the last.
    model
        Gives the map before and the map after each window, in turn, for a batch of images. It
        shares the layers of the network.
    """

    windows: tuple[Window, ...]
    model: Any

    @classmethod
    def of(cls, network: Any, windows: Iterable[Window]) -> Features:
        """Return the features of `windows` in `network`; refuse what cannot be replaced."""
        ordered = check_disjoint(windows)
        graph = Graph.of(network)
        parts = [region_of(graph, window) for window in ordered]
        maps = [tensor for part in parts for tensor in (part.entry, part.exit)]
        return cls(ordered, keras.Model(ends(network)[0], maps, name=f"{network.name}_features"))

    def __call__(self, images: Any) -> dict[Window, tuple[Any, Any]]:
        """Return for each window the maps (B, H, W, C) before and after it."""
        # A loop that records gradients must not record these: the network is frozen.
        maps = [keras.ops.stop_gradient(one) for one in self.model(images, training=False)]
        return dict(zip(self.windows, zip(maps[::2], maps[1::2], strict=True), strict=True))


def feed(network: Any, window: Window, earlier: Mapping[Window, Any]) -> Any:
    """Return the model that gives the map before `window` while `earlier` shunts are in place.

    For training one shunt after another: it is fed what it will be fed, and its target stays the
    map after the window in `network` as it was. The model shares nothing with the network and the
    shunts, whose weights are copied as they are now.

    Raises
    ------
    HarnessError
        An earlier shunt's window does not come before `window`, or cannot be replaced.
    """
    late = [one for one in earlier if one.last >= window.first]
    if late:
        raise HarnessError(
            f"the shunt in window {late[0]} does not come before window {window}",
            "insert shunts from the first window to the last",
        )
    shunted = with_shunts(network, earlier, prefix="") if earlier else network
    return keras.Model(
        ends(shunted)[0], region_of(Graph.of(shunted), window).entry, name=f"{network.name}_feed"
    )


def chain(network: Any, shunts: Mapping[Window, Any]) -> Any:
    """Return the model that gives what every shunt gives while all of them are in place.

    For training all shunts at once. It holds the shunts themselves, so that its gradients reach
    them: a list of maps (B, H, W, C), from the first window to the last; of one shunt its map
    alone, as Keras does. The layers around them are copies that training leaves alone, in
    inference; dropout is left out.
    """
    made = {**_without_dropout(network), **detours(network, shunts, lambda shunt: shunt)}
    graph = Graph.of(network)
    exits = [region_of(graph, window).exit for window in check_disjoint(shunts)]
    work = Rebuilding(network, made)
    outputs = work.tensors(exits)
    work.freeze()
    return assembled(work.inputs, outputs, f"{network.name}_chain")


def _without_dropout(network: Any) -> dict[int, Detour]:
    def same(tensor: Tensor) -> Tensor:
        return tensor

    return {
        id(call.outputs[0]): Detour(call.inputs[0], same)
        for call in Graph.of(network).calls
        if isinstance(call.operation, keras.layers.Dropout | keras.layers.SpatialDropout2D)
    }
