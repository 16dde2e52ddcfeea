"""Batches of images from the arrays of a dataset stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import tensorflow as tf

from harness.errors import HarnessError
from harness.formats.arrays import Array
from harness.stage.inputs import Inputs
from reproductions.shunt.data.augmentation import changed, drawn
from reproductions.shunt.data.check import check_fit, check_images
from reproductions.shunt.params.network import Network
from reproductions.shunt.params.training import Augmentation

Part = Literal["train", "validation", "test"]
IGNORE = 255
"""The value of a mask's pixels that count in no loss and no measure."""

_MIDDLE = 0.5
_READ_AHEAD = 2  # batches that are made while another is trained on


@dataclass(frozen=True, eq=False)
class Split:
    """One split of a dataset as stored, not changed by any use of it.

    Parameters
    ----------
    images
        (N, H, W, C), uint8; float32 where a user's own dataset has no whole numbers.
    labels
        Classes, (N,), or masks of classes, (N, H, W); whole numbers.
    maximum, mean, std
        A value x of a channel enters a network as (x / maximum - mean) / std, in every split alike.
    classes
        How many there are.
    ignore
        The value of a mask's pixels that do not count; None where all of them do.
    """

    images: Array
    labels: Array
    maximum: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    classes: int
    ignore: int | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def segmentation(self) -> bool:
        """Whether every pixel has a class, and not every image."""
        return self.labels.ndim == 3

    def batches(self, size: int) -> Iterator[tuple[Any, Array]]:
        """Every image once, in the stored order: network inputs (B, H, W, C) and labels, int32."""
        for start in range(0, len(self), size):
            part = slice(start, start + size)
            labels = self.labels[part].astype(np.int32)
            yield self._normalised(tf.constant(self.images[part])), labels

    def epoch(
        self, size: int, generator: np.random.Generator, augment: Augmentation | None
    ) -> tf.data.Dataset:
        """Every image once, in an order and with changes that `generator` alone decides.

        The batches hold network inputs (B, H, W, C) float32, labels int32 and positions in the
        split (B,) int64. A last batch of one image is left out: it has no variance to normalise by.

        Raises
        ------
        HarnessError
            There is one image alone, or the change is not one for such labels.
        """
        order = generator.permutation(len(self))
        if len(order) % size == 1:
            order = order[:-1]
        if not len(order):
            raise HarnessError(
                "a split of one image has no batch to train on: batch normalisation needs two",
                "give the training at least two images",
            )
        changes = drawn(augment, self.images.shape[1:3], order.shape[0], generator)
        plan = tf.data.Dataset.from_tensor_slices((order, changes)).batch(size)
        # Nothing of it needs the conversion of Python's control flow, which takes longer than a
        # small epoch.
        read = tf.autograph.experimental.do_not_convert(self._reader(augment))
        made = plan.map(read)
        options = tf.data.Options()
        options.deterministic = True
        return made.with_options(options).prefetch(_READ_AHEAD)

    def _reader(self, augment: Augmentation | None) -> Any:
        """Return what turns positions and their changes into a batch, inside tf.data."""
        stored = (tf.as_dtype(self.images.dtype), tf.int32)
        shapes = [(None, *array.shape[1:]) for array in (self.images, self.labels)]

        def gather(index: Array) -> tuple[Array, Array]:
            # Outside of the graph, as the arrays may be files larger than the memory.
            return self.images[index], self.labels[index].astype(np.int32)

        def read(index: Any, changes: Mapping[str, Any]) -> tuple[Any, Any, Any]:
            found = tf.numpy_function(gather, [index], stored, stateful=False)
            images, labels = map(tf.ensure_shape, found, shapes)
            ignore = IGNORE if self.ignore is None else self.ignore
            inputs, labels = changed(augment, self._normalised(images), labels, changes, ignore)
            return inputs, labels, index

        return read

    def _normalised(self, images: Any) -> Any:
        """Turn stored images into network inputs by a product and a difference.

        A CPU rounds these exactly; TensorFlow may take an approximate reciprocal for a division.
        """
        std = np.asarray(self.std, np.float64)
        factor = (1 / (self.maximum * std)).astype(np.float32)
        offset = (np.asarray(self.mean, np.float64) / std).astype(np.float32)
        return tf.cast(images, tf.float32) * factor - offset


def read_split(inputs: Inputs, part: Part, network: Network) -> Split:
    """Return one split of the input `images`, which must be what `network` is made for.

    Raises
    ------
    HarnessError
        There are no images; they have another size, or other channels or classes, than the network
        takes; or a label is none of the classes.
    """
    arrays, about = inputs.arrays("images"), inputs.about("images")
    split = split_of(arrays, about, part)
    where = f"dataset '{about['dataset']}', {part}"
    check_images(split.images, split.labels, split.classes, split.ignore, where)
    check_fit(network, split.images, split.classes, where)
    return split


def split_of(arrays: Mapping[str, Array], about: Mapping[str, Any], part: Part) -> Split:
    """Return one split of a dataset's `arrays`, with what is known `about` them.

    The values of images with masks are brought to -1 ... 1, as published, and not to the mean and
    deviation of the training images: the converted weights of the published checkpoint expect it.
    """
    images = arrays[f"{part}_images"]
    segmentation = about.get("task", "classification") == "segmentation"
    middle = (_MIDDLE,) * images.shape[-1]
    return Split(
        images=images,
        labels=arrays[f"{part}_labels"],
        maximum=float(about["maximum"]),
        mean=middle if segmentation else tuple(map(float, about["mean"])),
        std=middle if segmentation else tuple(map(float, about["std"])),
        classes=int(about["classes"]),
        ignore=about.get("ignore") if segmentation else None,
    )
