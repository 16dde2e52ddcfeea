"""Random changes of training images: all chance is drawn by NumPy, before tf.data sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from harness.errors import HarnessError
from harness.formats.arrays import Array
from reproductions.shunt.params.training import Augmentation, Crop, Shift


def drawn(
    how: Augmentation | None, size: tuple[int, ...], count: int, generator: np.random.Generator
) -> dict[str, Array]:
    """Return the changes of `count` images of height and width `size`, one row an image.

    Parameters
    ----------
    how
        What may change; None for nothing.
    generator
        Alone decides. What is drawn does not depend on how images are batched.
    """
    if how is None:
        return {}
    mirrored = generator.integers(0, 2, count) == 1
    changes = {"mirrored": mirrored & how.flip}
    if isinstance(how, Shift):
        most = np.array([int(how.share * side) for side in size])
        changes["moved"] = generator.integers(-most, most + 1, (count, 2))
        return changes
    scales = np.array(how.scales)[generator.integers(0, len(how.scales), count)]
    scaled = np.maximum(np.rint(scales[:, None] * np.array(size)).astype(np.int64), 1)
    room = np.maximum(scaled - np.array(size), 0)
    changes["scaled"] = scaled
    changes["corner"] = generator.integers(0, room + 1)
    return changes


def changed(
    how: Augmentation | None, images: Any, labels: Any, changes: Mapping[str, Any], ignore: int
) -> tuple[Any, Any]:
    """Return network inputs (B, H, W, C) and labels after `changes`, inside a graph.

    Parameters
    ----------
    images
        Normalised, so that 0 is the mean of an image's values.
    labels
        (B,), or (B, H, W) for masks, which change with their images.
    ignore
        What a mask says of pixels that were outside of its image.
    """
    if how is None:
        return images, labels
    if isinstance(how, Crop) != (labels.shape.rank == 3):
        raise HarnessError(
            "augmentation 'crop' is for images with masks, 'shift' for images of one class",
            "set 'augment.kind' to the one for this dataset",
        )
    if isinstance(how, Shift):
        images = _shifted(images, changes["moved"])
    else:
        images, labels = _cropped(images, labels, changes["scaled"], changes["corner"], ignore)
        labels = _mirrored(labels, changes["mirrored"])
    return _mirrored(images, changes["mirrored"]), labels


def _mirrored(images: Any, where: Any) -> Any:
    where = tf.reshape(where, [-1] + [1] * (images.shape.rank - 1))
    return tf.where(where, tf.reverse(images, [2]), images)


def _shifted(images: Any, moved: Any) -> Any:
    """Move images by whole pixels; what gets free repeats the edge, as the release's tool does."""
    for axis in (1, 2):
        side = images.shape[axis]
        source = tf.range(side, dtype=tf.int64)[None] + moved[:, axis - 1, None]
        images = _taken(images, tf.clip_by_value(source, 0, side - 1), axis)
    return images


def _taken(images: Any, index: Any, axis: int) -> Any:
    """Return the rows (axis 1) or columns (axis 2) at `index` (B, n) of each image."""
    if axis == 1:
        return tf.gather(images, index, batch_dims=1)
    turned = tf.gather(_turned(images), index, batch_dims=1)
    return _turned(turned)


def _turned(images: Any) -> Any:
    """Exchange rows and columns."""
    return tf.transpose(images, [0, 2, 1, 3][: images.shape.rank])


def _cropped(images: Any, labels: Any, scaled: Any, corner: Any, ignore: int) -> tuple[Any, Any]:
    """Cut windows of the images' own size out of the images at sizes `scaled`, from `corner`.

    Only the window is computed, not the whole scaled image. Images by linear interpolation between
    the centres of pixels, masks by the nearest pixel.
    """
    for axis in (1, 2):
        side = images.shape[axis]
        full = scaled[:, axis - 1, None]
        place = tf.range(side, dtype=tf.int64)[None] + corner[:, axis - 1, None]
        inside = place < full
        # Twice the centre of an output pixel, in units of 1 / full input pixels: whole numbers.
        centre = (2 * place + 1) * side
        nearest = tf.clip_by_value(centre // (2 * full), 0, side - 1)
        labels = _where(inside, _taken(labels, nearest, axis), ignore, axis)
        images = _where(inside, _between(images, centre - full, 2 * full, axis), 0.0, axis)
    return images, labels


def _between(images: Any, numerator: Any, denominator: Any, axis: int) -> Any:
    """Return the rows or columns at the fractional places numerator / denominator."""
    side = images.shape[axis]
    low = numerator // denominator
    weight = tf.cast((numerator - low * denominator) / denominator, tf.float32)
    before, after = (
        _taken(images, tf.clip_by_value(low + step, 0, side - 1), axis) for step in (0, 1)
    )
    return before + (after - before) * _along(weight, images.shape.rank, axis)


def _where(inside: Any, images: Any, outside: float, axis: int) -> Any:
    inside = _along(inside, images.shape.rank, axis)
    return tf.where(inside, images, tf.cast(outside, images.dtype))


def _along(values: Any, rank: int, axis: int) -> Any:
    """Shape (B, n) so that it lies along `axis` of a batch of `rank` dimensions."""
    shape = [1] * rank
    shape[0] = shape[axis] = -1
    return tf.reshape(values, [tf.shape(values)[0], *shape[1:]])
