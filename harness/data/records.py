"""Images and their masks as examples in TFRecord files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from harness.data import tfrecord
from harness.data.example import Value, features
from harness.data.picture import decode_image, decode_mask, longest
from harness.data.scene import Scene, labelled
from harness.errors import HarnessError
from harness.spec.dataset import MaskLabels
from harness.spec.layout import Image

IMAGE = "image/encoded"
MASK = "image/segmentation/class/encoded"
_SIZE = {"height": "image/height", "width": "image/width"}


@dataclass(frozen=True)
class Record:
    """Where one record is: its file, open, its number there, and its place."""

    path: Path
    file: BinaryIO
    number: int
    place: tfrecord.Place


@dataclass(frozen=True)
class Examples:
    """The scenes of one part, in the order of the files; each is decoded when asked for."""

    records: tuple[Record, ...]
    image: Image
    labels: MaskLabels
    classes: int

    def __len__(self) -> int:
        return len(self.records)

    def scene(self, index: int) -> Scene:
        """Decode one image and its mask; HarnessError names the record that is wrong."""
        record = self.records[index]
        name = f"{record.path}: record {record.number}"
        content = tfrecord.content(record.path, record.file, record.place, record.number)
        values = features(name, content)
        self._check_size(name, values)
        mask = decode_mask(f"{name}, {MASK}", _bytes(name, values, MASK), self.image)
        return Scene(
            decode_image(f"{name}, {IMAGE}", _bytes(name, values, IMAGE), self.image),
            labelled(f"{name}, {MASK}", mask, self.labels, self.classes),
            hashlib.sha256(content).digest(),
        )

    def _check_size(self, name: str, values: dict[str, tuple[Value, ...]]) -> None:
        for side, key in _SIZE.items():
            wanted = getattr(self.image, side)
            found = values.get(key, ())
            if found != (wanted,):
                said = repr(found[0])[:60] if len(found) == 1 else f"a list of {len(found)}"
                raise HarnessError(f"{name}: {key!r} is {said}, the spec says {wanted}")


def indexed(
    paths: Sequence[Path], records: int, image: Image, stack: ExitStack
) -> tuple[Record, ...]:
    """Return the records of the files, which stay open as long as `stack`.

    Raises
    ------
    HarnessError
        A file is damaged, or there are not so many records as the spec says.
    """
    found = [
        Record(path, file, number, place)
        for path in paths
        for file in [stack.enter_context(path.open("rb"))]
        for number, place in enumerate(tfrecord.places(path, limit(image)))
    ]
    if len(found) != records:
        names = ", ".join(str(path) for path in paths[:2]) + (", …" if len(paths) > 2 else "")
        raise HarnessError(f"{names}: {len(found)} records, the spec says {records}")
    return tuple(found)


def limit(image: Image) -> int:
    """Return the bytes that no sensible record of an image and its mask exceeds."""
    return 2 * longest(image)


def _bytes(name: str, values: dict[str, tuple[Value, ...]], key: str) -> bytes:
    found = values.get(key, ())
    if len(found) != 1 or not isinstance(found[0], bytes):
        names = ", ".join(map(repr, sorted(values)))[:500] or "nothing"
        raise HarnessError(f"{name}: lacks one value of bytes under {key!r}; it has {names}")
    return found[0]
