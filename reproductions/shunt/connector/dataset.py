"""The images of a connector: from its configuration, or datasets of the user's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from pydantic import Field, ValidationError

from harness.errors import HarnessError
from harness.formats import arrays
from harness.reason import reason
from harness.spec.base import Spec
from reproductions.materialise import materialise
from reproductions.shunt.connector import sections
from reproductions.shunt.connector.agreement import DATASETS
from reproductions.shunt.connector.sections import Task
from reproductions.shunt.data.check import check_images
from reproductions.shunt.data.split import IGNORE, Part, Split, split_of

PARTS: Mapping[Part, str] = {"train": "train", "validation": "val", "test": "test"}
"""The parts of a dataset, and the words that the release has for them."""

_AT_ONCE = 64


class Props(Spec):
    """What is known of a dataset, under the release's names."""

    task: Task
    num_classes: int = Field(ge=2, le=100_000)
    input_shape: tuple[int, int, int] = Field(description="Height, width and channels.")
    len_train_data: int = Field(ge=1)
    len_val_data: int = Field(ge=1)
    len_test_data: int = Field(ge=1)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Props:
        """Return what a user's mapping says; HarnessError names each entry that is wrong."""
        try:
            return cls.model_validate({**given, "input_shape": tuple(given["input_shape"])})
        except KeyError as error:
            raise HarnessError(f"dataset_props: {error} is missing", _NEEDS) from error
        except (TypeError, ValidationError) as error:
            raise HarnessError(f"dataset_props: {_said(error)}", _NEEDS) from error

    def length(self, part: Part) -> int:
        """How many images a part has."""
        return int(getattr(self, f"len_{PARTS[part]}_data"))


_NEEDS = f"it has {', '.join(Props.model_fields)}"


def _said(error: TypeError | ValidationError) -> str:
    if isinstance(error, TypeError):
        return "input_shape is not height, width and channels"
    found = error.errors(include_url=False)
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {reason(one)}" for one in found)


def open_images(section: sections.Dataset) -> tuple[dict[Part, Split], Props]:
    """Return the parts of the dataset that [DATASET] names, made in its folder where they are not.

    Raises
    ------
    HarnessError
        They are not there and cannot be made, are of another size, or have labels out of range.
    """
    known = DATASETS[section.name]
    size = None if known.size else section.size
    folder = Path(section.path or f"dataset/{section.name}{_suffix(size)}")
    if not (folder / arrays.MANIFEST).is_file():
        materialise(known.spec, folder, "DATASET.path", size=size)
    about, content = arrays.about(folder), arrays.read_folder(folder)
    _check_whole(folder, about, content)
    parts = {part: split_of(content, about, part) for part in PARTS}
    for part, split in parts.items():
        check_images(split.images, split.labels, split.classes, split.ignore, f"{folder}, {part}")
    props = _props(parts, about.get("task", "classification"))
    if section.size and props.input_shape[:2] != section.size:
        raise HarnessError(
            f"DATASET.input_size {section.input_size}: the images in {folder} are "
            f"{props.input_shape[0]},{props.input_shape[1]}",
            "set input_size to that, or name a folder that does not exist yet in DATASET.path",
        )
    return parts, props


def _suffix(size: tuple[int, int] | None) -> str:
    return "" if size is None else f"-{size[0]}x{size[1]}"


def _check_whole(folder: Path, about: Mapping[str, Any], content: Mapping[str, Any]) -> None:
    wanted = [f"{part}_{kind}" for part in PARTS for kind in ("images", "labels")]
    missing = [name for name in wanted if name not in content]
    missing += [f"about.{one}" for one in ("classes", "maximum", "mean", "std") if one not in about]
    if missing:
        raise HarnessError(
            f"{folder / arrays.MANIFEST}: it is no dataset: {', '.join(missing)} is missing",
            "name a folder that does not exist yet, to have the dataset made there",
        )


def _props(parts: Mapping[Part, Split], task: Task) -> Props:
    height, width, channels = parts["train"].images.shape[1:]
    return Props(
        task=task,
        num_classes=parts["train"].classes,
        input_shape=(height, width, channels),
        len_train_data=len(parts["train"]),
        len_val_data=len(parts["validation"]),
        len_test_data=len(parts["test"]),
    )


def unbatched(split: Split) -> tf.data.Dataset:
    """Return `split` as the release has it: one image (H, W, C) float32 and its label at a time.

    A label is a vector of zeros and a one, a mask (H, W) stays one.
    """
    masks = split.segmentation

    def elements() -> Iterator[tuple[Any, Any]]:
        for images, labels in split.batches(_AT_ONCE):
            said = labels if masks else tf.one_hot(labels, split.classes)
            yield from zip(images, said, strict=True)

    label = tf.TensorSpec(split.labels.shape[1:] if masks else (split.classes,),
                          tf.int32 if masks else tf.float32)  # fmt: skip
    image = tf.TensorSpec(split.images.shape[1:], tf.float32)
    found = tf.data.Dataset.from_generator(elements, output_signature=(image, label))
    return found.apply(tf.data.experimental.assert_cardinality(len(split)))


def split_of_own(dataset: Any, props: Props, part: Part) -> Split:
    """Return a user's unbatched tf.data as a split, in memory and with its values as they are.

    Parameters
    ----------
    dataset
        Of images (H, W, C) and labels: a class, a vector of zeros and a one, or a mask (H, W).
        It may be longer than `props` says, or endless: so many are taken.

    Raises
    ------
    HarnessError
        It is shorter, its images have another shape, or a label is none of the classes.
    """
    where, count = f"dataset_{PARTS[part]}", props.length(part)
    pairs = list(_taken(dataset, count, where))
    if len(pairs) < count:
        raise HarnessError(
            f"{where} has {len(pairs)} images, and dataset_props says {count}",
            f"set len_{PARTS[part]}_data to its length",
        )
    images = np.stack([image for image, _ in pairs]).astype(np.float32)
    if images.shape[1:] != props.input_shape:
        raise HarnessError(
            f"{where}: its elements are {images.shape[1:]}, and dataset_props says "
            f"{props.input_shape}",
            "give unbatched images (height, width, channels), and their shape as input_shape",
        )
    labels = np.stack([_label(label, props, where) for _, label in pairs])
    segments = props.task == "segmentation"
    check_images(images, labels, props.num_classes, IGNORE if segments else None, where)
    channels = props.input_shape[2]
    zeros, ones = (0.0,) * channels, (1.0,) * channels
    ignore = IGNORE if segments else None
    return Split(images, labels, 1.0, zeros, ones, props.num_classes, ignore)


def _taken(dataset: Any, count: int, where: str) -> Iterator[tuple[Any, Any]]:
    if not isinstance(dataset, tf.data.Dataset):
        raise HarnessError(
            f"{where}: {type(dataset).__name__} is no tf.data.Dataset",
            "assign an unbatched one of images and labels",
        )
    for element in dataset.take(count).as_numpy_iterator():
        if not isinstance(element, tuple) or len(element) != 2:
            raise HarnessError(f"{where}: an element is not an image and a label")
        yield element


def _label(label: Any, props: Props, where: str) -> Any:
    """Return the class of a label, or the mask."""
    label = np.asarray(label)
    if props.task == "segmentation":
        return (label[..., 0] if label.ndim == 3 else label).astype(np.int64)
    if label.ndim == 0:
        return label.astype(np.int64)
    if label.shape != (props.num_classes,) or sorted(label)[-2:] != [0, 1] or label.sum() != 1:
        raise HarnessError(
            f"{where}: a label of the shape {label.shape} is no vector of zeros and a one for "
            f"{props.num_classes} classes",
            "give classes as numbers or as such vectors",
        )
    return np.int64(label.argmax())
