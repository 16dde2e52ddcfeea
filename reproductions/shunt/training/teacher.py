"""What a frozen network says of training images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import tensorflow as tf

from reproductions.shunt.data.split import Split

Ask = Callable[[Any], Sequence[Any]]
"""From network inputs (B, H, W, C) to tensors (B, ...)."""

Told = Callable[[Any, Any], Sequence[Any]]
"""From network inputs and their positions in a split (B,) to tensors (B, ...)."""

MOST_BYTES = 2**30
"""More than this is not kept."""


def asking(ask: Ask, images: Split) -> Ask:
    """Return `ask` as one graph for batches of every size of such images."""
    shape = tf.TensorSpec((None, *images.images.shape[1:]), tf.float32)
    return tf.function(ask, [shape], autograph=False)


def told(ask: Ask, images: Split, batch_size: int, *, fixed: bool) -> Told:
    """Return what `ask` says of training images, asked once for each where that is enough.

    Parameters
    ----------
    ask
        A network that no longer changes, in inference, as a graph.
    fixed
        Whether every epoch shows the images as they are stored. Then all answers are kept from the
        first use on, if they are not more than `MOST_BYTES`.
    """

    @cache
    def kept() -> list[Any] | None:
        # The first use is inside the graph of a step, which must hold no image.
        with tf.init_scope():
            return _kept(ask, images, batch_size) if fixed else None

    def tell(inputs: Any, index: Any) -> list[Any]:
        known = kept()
        if known is not None:
            return [tf.gather(values, index) for values in known]
        return [tf.stop_gradient(values) for values in ask(inputs)]

    return tell


def _kept(ask: Ask, images: Split, batch_size: int) -> list[Any] | None:
    """Return all answers, one tensor (N, ...) for each; None when they are too many."""
    found: list[Sequence[Any]] = []
    for inputs, _ in images.batches(batch_size):
        found.append(ask(inputs))
        if not found[1:] and _bytes(found[0]) * len(images) > MOST_BYTES * len(inputs):
            return None
    return [tf.concat(parts, 0) for parts in zip(*found, strict=True)]


def _bytes(tensors: Sequence[Any]) -> int:
    return sum(int(tf.size(one)) * one.dtype.size for one in tensors)
