"""The filter activation network: which of the teacher's filters work together.

For image m the activity of filter i is its pooled value, cut off below zero and divided by that
of the image's strongest filter: a_mi in [0, 1]. Filters i and j are linked with

    W_ij = sum over m of  a_mi a_mj |a_mi - a_mj|,   i and j among the image's top_k filters,

so that a strong filter with a medium one weighs most (at most 1/4 an image) and two equally
strong ones weigh nothing (arXiv 1907.11804; released code).

The bytes do not depend on the CPU or on threads: only elementwise operations are used, each
rounded once as IEEE 754 says, and sums are built by `numpy.bincount`, which adds one value after
the other in the order of the images. No BLAS and no pairwise summation is involved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.errors import HarnessError
from harness.formats.arrays import Array
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.nonn.params.graph import GraphParams

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Images whose links are in memory at once: 256 x 1,225 pairs of 16 bytes stay near the caches.
_CHUNK = 256


@dataclass(frozen=True)
class Recorded:
    """What the teacher did on M images: pooled maps (M, C), predicted and true classes (M,)."""

    activity: Floats
    predicted: Integers
    label: Integers

    @classmethod
    def of(cls, arrays: Mapping[str, Array]) -> Recorded:
        """Return what the arrays of a recording say."""
        return cls(
            np.asarray(arrays["activity"], dtype=np.float64),
            np.asarray(arrays["predicted"], dtype=np.int64),
            np.asarray(arrays["label"], dtype=np.int64),
        )


def relative(activity: Floats) -> Floats:
    """Return activity (M, C) cut off below zero and divided by each image's strongest filter.

    An image on which no filter is active gives zeros (the released code gives NaN).
    """
    positive = np.maximum(activity, 0.0)
    strongest = positive.max(axis=1, keepdims=True)
    return positive / np.where(strongest > 0, strongest, 1.0)


def strongest(activity: Floats, top_k: int) -> Integers:
    """Return the `top_k` most active filters (M, k) of each image, in ascending order of number.

    Of equally active filters at the cut the lower numbers win. k is at most the filters there are.
    """
    images, filters = activity.shape
    k = min(top_k, filters)
    least = np.partition(activity, filters - k, axis=1)[:, filters - k, None]
    above, equal = activity > least, activity == least
    wanted = k - np.count_nonzero(above, axis=1)[:, None]
    chosen = above | (equal & (np.cumsum(equal, axis=1) <= wanted))
    return np.nonzero(chosen)[1].reshape(images, k)


def links(activity: Floats, top: Integers) -> Floats:
    """Return the symmetric weights (C, C) with zero diagonal, each sum in the images' order.

    `top` (M, k) is what `strongest` returns for `activity` (M, C).
    """
    filters = activity.shape[1]
    values = np.take_along_axis(activity, top, axis=1)
    upper = np.zeros(filters * filters)
    for start in range(0, len(top), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        upper = _add(upper, *_pairs(values[chunk], top[chunk], filters))
    square = upper.reshape(filters, filters)
    return square + square.T


def _pairs(value: Floats, top: Integers, filters: int) -> tuple[Integers, Floats]:
    """Return cell and weight (m, k (k - 1) / 2) of every pair, with the lower filter's row."""
    images, k = top.shape
    cell = np.empty((images, k * (k - 1) // 2), dtype=np.int64)
    weight = np.empty(cell.shape)
    end = 0
    # Slices instead of index arrays: copying the operands would take longer than the arithmetic.
    for first in range(k - 1):
        begin, end = end, end + k - 1 - first
        a, b = value[:, first, None], value[:, first + 1 :]
        np.add(top[:, first, None] * filters, top[:, first + 1 :], out=cell[:, begin:end])
        weight[:, begin:end] = a * b * np.abs(a - b)
    return cell, weight


def _add(total: Floats, cell: Integers, value: Floats) -> Floats:
    """Return `total` with each value added to its cell, one after the other."""
    # The running total goes in first, so a chunk continues the sum and no partial sum is added.
    where = np.concatenate((np.arange(total.size), cell.ravel()))
    added = np.bincount(where, np.concatenate((total, value.ravel())), total.size)
    return added.astype(np.float64, copy=False)


def by_class(activity: Floats, filters: Integers, labels: Integers, classes: int) -> Floats:
    """Return the activity (C, classes) of each filter on the images of each class.

    `filters` (M, k) names the filters that count on each image.
    """
    count = activity.shape[1]
    value = np.take_along_axis(activity, filters, axis=1)
    table = _add(np.zeros(count * classes), filters * classes + labels[:, None], value)
    return table.reshape(count, classes)


def _check(recorded: Recorded, classes: int) -> None:
    activity = recorded.activity
    if activity.ndim != 2 or 0 in activity.shape:
        raise HarnessError(
            f"input 'activity': shape {activity.shape} is not (images, filters) with some of each",
            "record the activity again with at least one image",
        )
    if not np.isfinite(activity).all():
        raise HarnessError(
            "input 'activity': some values are not finite",
            "the teacher has diverged; train it again with a smaller learning rate",
        )
    if activity.shape[1] < 2:
        raise HarnessError(
            "input 'activity': one filter has no other to be linked with",
            "take a teacher whose last map has more channels",
        )
    if not (activity > 0).any():
        raise HarnessError(
            f"input 'activity': no filter is active on any of the {len(activity)} images",
            "train the teacher again: its last layer is dead",
        )
    for name, labels in (("predicted", recorded.predicted), ("label", recorded.label)):
        if labels.shape != activity.shape[:1]:
            raise HarnessError(
                f"input 'activity': '{name}' has shape {labels.shape} for {len(activity)} images",
                "record the activity again",
            )
        if labels.min() < 0 or labels.max() >= classes:
            raise HarnessError(
                f"input 'activity': '{name}' holds classes {labels.min()} to {labels.max()}, "
                f"params.classes allows 0 to {classes - 1}",
                "set params.classes to the number of classes of the dataset",
            )


def graph_of(recorded: Recorded, params: GraphParams) -> dict[str, Floats]:
    """Return the weights (C, C) and four tables (C, classes) of activity by class.

    The tables count by predicted or by true class, and only the images' top_k filters or all.
    """
    _check(recorded, params.classes)
    activity = relative(recorded.activity)
    everyone = np.broadcast_to(np.arange(activity.shape[1]), activity.shape)
    top = strongest(activity, params.top_k)
    return {
        "weights": links(activity, top),
        "predicted_top": by_class(activity, top, recorded.predicted, params.classes),
        "label_top": by_class(activity, top, recorded.label, params.classes),
        "predicted_all": by_class(activity, everyone, recorded.predicted, params.classes),
        "label_all": by_class(activity, everyone, recorded.label, params.classes),
    }


def build_graph(inputs: Inputs, params: GraphParams, outputs: Outputs, run: Run) -> None:  # noqa: ARG001 - the contract of a step
    """Step: build the filter activation network of a teacher."""
    recorded = Recorded.of(inputs.arrays("activity"))
    graph = graph_of(recorded, params)
    images, filters = recorded.activity.shape
    about = {"images": images, "filters": filters, "top_k": min(params.top_k, filters)}
    dead = int(np.count_nonzero(~(recorded.activity > 0).any(axis=1)))
    if dead:  # they add nothing to the graph, which whoever reads it should know
        about["dead_images"] = dead
    outputs.arrays("graph", graph, about)
