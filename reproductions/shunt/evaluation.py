"""What a trained network answers, and how often it is right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from harness.errors import HarnessError
from harness.formats.arrays import Array
from reproductions.shunt.data.split import Split

Answer = Callable[[Any], Any]
"""From network inputs (B, H, W, C) to probabilities or logits (..., classes)."""


def answering(model: keras.Model) -> Answer:
    """Return `model` in inference mode as one graph for batches of every size.

    It follows the model's weights; making it costs about as much as a hundred batches.
    """
    shape = tf.TensorSpec(model.input_shape, tf.float32)
    graph = tf.function(partial(model, training=False), [shape], autograph=False)
    return partial(_answer, model, graph.get_concrete_function())


def _answer(_model: keras.Model, graph: Answer, images: Any) -> Any:
    # A graph does not keep its model's weights alive; whoever has the answer has the model.
    return graph(images)


def answers(
    model: keras.Model | Answer, split: Split, batch_size: int
) -> Iterator[tuple[Array, Array]]:
    """Yield labels and predicted classes, (B,) or (B, H, W), of each batch in the stored order."""
    answer = answering(model) if isinstance(model, keras.Model) else model
    for images, labels in split.batches(batch_size):
        yield labels, np.argmax(np.asarray(answer(images)), -1)


def predictions(model: keras.Model | Answer, split: Split, batch_size: int) -> Array:
    """Return the predicted class of every image, (N,), or of every pixel, (N, H, W); int64."""
    return np.concatenate([found for _, found in answers(model, split, batch_size)])


def accuracy(model: keras.Model | Answer, split: Split, batch_size: int) -> float:
    """Return the share of `split` that `model` classifies rightly, in percent.

    Of masks it is the share of the pixels that count.
    """
    return _share_right(confusion(model, split, batch_size))


def _share_right(confused: Array) -> float:
    return 100 * int(np.trace(confused)) / max(int(confused.sum()), 1)


def confusion(model: keras.Model | Answer, split: Split, batch_size: int) -> Array:
    """Count the labels that count: row the true class, column the predicted one; int64 (K, K).

    Whole numbers: the sum does not depend on the order of the images.
    """
    total = np.zeros((split.classes, split.classes), np.int64)
    for labels, found in answers(model, split, batch_size):
        total += _counted(labels, found, split)
    return total


def _counted(labels: Array, found: Array, split: Split) -> Array:
    counts = slice(None) if split.ignore is None else labels != split.ignore
    pairs = labels[counts].astype(np.int64) * split.classes + found[counts]
    return np.bincount(pairs.ravel(), minlength=split.classes**2).reshape(split.classes, -1)


def class_iou(confused: Array) -> list[float | None]:
    """Return intersection over union of each class in percent; None for one that is in neither.

    Parameters
    ----------
    confused
        As `confusion` counts.
    """
    both = np.diag(confused)
    either = confused.sum(0) + confused.sum(1) - both
    return [
        100 * int(inside) / int(all_) if all_ else None
        for inside, all_ in zip(both, either, strict=True)
    ]


def mean_of(ious: list[float | None]) -> float:
    """Return the mean over the classes that are there.

    Raises
    ------
    HarnessError
        There is none: no pixel counts.
    """
    found = [iou for iou in ious if iou is not None]
    if not found:
        raise HarnessError(
            "no pixel of the split counts, so there is no mean IoU",
            "give masks of which some pixels are a class",
        )
    return sum(found) / len(found)


def mean_iou(model: keras.Model | Answer, split: Split, batch_size: int) -> float:
    """Return the mean intersection over union in percent.

    Classes that are neither in the masks nor predicted do not count, nor do ignored pixels.
    """
    return mean_of(class_iou(confusion(model, split, batch_size)))


def quality(model: keras.Model | Answer, split: Split, batch_size: int) -> float:
    """Return mean IoU where pixels have classes and accuracy where images have, in percent."""
    measure = mean_iou if split.segmentation else accuracy
    return measure(model, split, batch_size)


def quality_of(split: Split, found: Array) -> float:
    """Return the same of the predicted classes `found` of all of `split`, (N,) or (N, H, W)."""
    confused = _counted(split.labels, found, split)
    return mean_of(class_iou(confused)) if split.segmentation else _share_right(confused)
