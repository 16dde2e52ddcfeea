"""ImageNet as record files (`.rec` with its `.idx`), decoded batch by batch; needs MXNet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import mxnet as mx
import numpy as np

from harness.errors import HarnessError, UsageError
from reproductions.ensemble_kd.cli.images import changes
from reproductions.ensemble_kd.data.order import ordered
from reproductions.ensemble_kd.data.split import Batch
from reproductions.ensemble_kd.params.training import Shift

Array = np.ndarray[Any, Any]

SIZE = 224
"""Height and width of what a network gets, pixels."""
CLASSES = 1000

_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_STD = np.array([0.229, 0.224, 0.225], np.float32)
_BILINEAR = 1


@dataclass(frozen=True, eq=False)
class Records:
    """One part of a dataset, in the place of a `Split`.

    Parameters
    ----------
    path
        The `.rec` file; its index lies beside it.
    keys
        Of its records.
    augmentation
        `low`: a square of 7/8 of the image, anywhere. `medium`: any part of it. `high`: other
        colours too. All are mirrored half the time.
    """

    path: Path
    keys: tuple[int, ...]
    augmentation: str
    size: int = SIZE
    classes: int = CLASSES

    def __len__(self) -> int:
        return len(self.keys)

    def first(self, count: int) -> Records:
        """Return the first `count` images."""
        return replace(self, keys=self.keys[:count])

    def batches(self, size: int) -> Iterator[Batch]:
        """Every image once, in the stored order, cut in the middle."""
        for start in range(0, len(self), size):
            yield self._batch([(key, None) for key in self.keys[start : start + size]])

    def epoch(
        self, size: int, generator: np.random.Generator, augment: Shift | None = None
    ) -> Iterator[Batch]:
        """Whole batches in an order and with changes that `generator` alone decides."""
        assert augment is None, "records are changed as they are read"
        order = ordered(len(self), size, generator)
        draws = generator.random((len(self), changes.DRAWS))
        for index in order:
            yield self._batch([(self.keys[place], draws[place]) for place in index])

    def _batch(self, wanted: list[tuple[int, Array | None]]) -> Batch:
        read = [self._read(key, draws) for key, draws in wanted]
        images = np.stack([image for image, _ in read]).astype(np.float32) / np.float32(255)
        inputs = np.ascontiguousarray(((images - _MEAN) / _STD).transpose(0, 3, 1, 2))
        return Batch(inputs, np.array([label for _, label in read], np.int64))

    @cached_property
    def _file(self) -> Any:
        index = self.path.with_suffix(".idx")
        return mx.recordio.MXIndexedRecordIO(str(index), str(self.path), "r")

    def _read(self, key: int, draws: Array | None) -> tuple[Array, int]:
        where = f"{self.path}: record {key}"
        try:
            header, content = mx.recordio.unpack(self._file.read_idx(key))
            image = mx.image.imdecode(content)
        except (mx.MXNetError, OSError, ValueError, TypeError, KeyError) as error:
            said = str(error).strip().split("\n")[-1][:200]
            raise HarnessError(
                f"{where}: cannot be read: {said}", "pack the images anew with im2rec"
            ) from error
        label = int(np.ravel(header.label)[0])
        if not 0 <= label < self.classes:
            raise HarnessError(
                f"{where}: its label is {label}",
                f"ImageNet has {self.classes} classes, from 0 to {self.classes - 1}",
            )
        return self._changed(image, draws), label

    def _changed(self, image: Any, draws: Array | None) -> Array:
        height, width, _ = image.shape
        if draws is None:
            return self._cut(image, changes.middle_square(width, height))
        cut = changes.random_square if self.augmentation == "low" else changes.random_part
        found = self._cut(image, cut(width, height, draws))
        if changes.mirrored(draws):
            found = found[:, ::-1]
        return changes.jittered(found, draws) if self.augmentation == "high" else found

    def _cut(self, image: Any, cut: changes.Cut) -> Array:
        place = (cut.left, cut.top, cut.width, cut.height)
        side = (self.size, self.size)
        found: Array = mx.image.fixed_crop(image, *place, side, _BILINEAR).asnumpy()
        return found


def open_records(folder: Path, augmentation: str) -> tuple[Records, Records]:
    """Return the images to train and to test on: `train.rec` and `val.rec` of `folder`.

    Raises
    ------
    HarnessError
        A file is missing, or an index is damaged.
    """
    train, test = (
        Records(path, _keys(path.with_suffix(".idx")), augmentation)
        for path in (folder / "train.rec", folder / "val.rec")
    )
    return train, test


def _keys(index: Path) -> tuple[int, ...]:
    for path in (index.with_suffix(".rec"), index):
        if not path.is_file():
            raise UsageError(
                f"--data-dir {path.parent}: it holds no {path.name}",
                "pack the images with MXNet's im2rec, with an index",
            )
    try:
        lines = index.read_text("utf-8").split("\n")
        keys = tuple(int(line.split("\t")[0]) for line in lines if line)
    except ValueError as error:
        raise UsageError(f"{index}: is no index of records: {error}") from error
    if len(keys) < 2:
        raise UsageError(f"{index}: names {len(keys)} images", "two are the fewest")
    return keys
