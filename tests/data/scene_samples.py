"""Small stand-ins of datasets with masks, in exactly the layouts of the real ones."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
from dataset_samples import dataset

from harness.spec.dataset import Dataset

HEIGHT, WIDTH = 24, 36
IMAGE = {"height": HEIGHT, "width": WIDTH, "channels": 3, "maximum": 255}
CLASSES = ["a", "b", "c"]
IDS = [255, 255, 0, 1, 255, 2]
"""The label of each stored value: a small table of the shape of Cityscapes'."""
STORED = {0: 2, 1: 3, 2: 5, 255: 4}
"""One stored value of each label."""


def photo(number: int) -> np.ndarray:
    """Return picture `number`, (24, 36, 3): the one that is in `written_by_tensorflow.tfrecord`."""
    words = np.random.PCG64(number).random_raw(HEIGHT * WIDTH * 3 // 8).astype("<u8")
    return np.frombuffer(words.tobytes(), np.uint8).reshape(HEIGHT, WIDTH, 3)


def mask(number: int) -> np.ndarray:
    """Return the labels of picture `number`, (24, 36): 0, 1, 2 and 255."""
    values = photo(number)[..., 0] % 4
    return np.where(values == 3, 255, values).astype(np.uint8)


def png(values: np.ndarray, **options: Any) -> bytes:
    """Return values of shape (height, width) or (height, width, 3) as PNG."""
    return _saved(values, "PNG", **options)


def jpeg(values: np.ndarray) -> bytes:
    """Return an image as JPEG."""
    return _saved(values, "JPEG", quality=95)


def _saved(values: np.ndarray, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    PIL.Image.fromarray(values).save(buffer, form, **options)
    return buffer.getvalue()


def claiming(width: int, height: int) -> bytes:
    """Return a PNG whose header claims a size, with next to nothing behind it."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content))
            + kind
            + content
            + struct.pack(">I", zlib.crc32(kind + content))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(100))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def stored(labels: np.ndarray) -> np.ndarray:
    """Return a mask as Cityscapes stores it: by ids, not by labels."""
    table = np.zeros(256, np.uint8)
    for label, value in STORED.items():
        table[label] = value
    return table[labels]


def _header(name: str, way: int) -> zipfile.ZipInfo:
    """Return a member's header with the first date of a zip file, so that no clock is read."""
    header = zipfile.ZipInfo(name)
    header.compress_type = way
    return header


def zipped(members: Mapping[str, bytes | zipfile.ZipInfo], way: int = zipfile.ZIP_STORED) -> bytes:
    """Return a zip file with `members`; a header stands for itself, with no content."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", way) as file:
        for name, content in members.items():
            if isinstance(content, zipfile.ZipInfo):
                file.writestr(content, b"")
            else:
                file.writestr(_header(name, way), content)
    return buffer.getvalue()


TOWNS = {
    "train": [("aachen", 0), ("aachen", 1), ("bochum", 2), ("bochum", 3), ("ulm", 4)],
    "val": [("lindau", 5), ("munster", 6)],
}
"""The town and the picture of each record of the small Cityscapes."""


def cityscapes_files() -> dict[str, dict[str, bytes]]:
    """Return the members of Cityscapes' two zip files, with the files that nobody reads."""
    photos: dict[str, bytes] = {"README": b"", "license.txt": b"", "leftImg8bit/": b""}
    truth: dict[str, bytes] = {"README": b"", "license.txt": b"", "gtFine/": b""}
    for part, places in TOWNS.items():
        for town, number in places:
            key = f"{part}/{town}/{town}_00000{number}_000019"
            photos[f"leftImg8bit/{key}_leftImg8bit.png"] = png(photo(number))
            truth[f"gtFine/{key}_gtFine_labelIds.png"] = png(stored(mask(number)))
            truth[f"gtFine/{key}_gtFine_color.png"] = b"not read"
            truth[f"gtFine/{key}_gtFine_instanceIds.png"] = b"not read"
            truth[f"gtFine/{key}_gtFine_polygons.json"] = b"{}"
    photos["leftImg8bit/test/berlin/berlin_000000_000019_leftImg8bit.png"] = b"not read"
    truth["gtFine/test/berlin/berlin_000000_000019_gtFine_labelIds.png"] = b"not read"
    return {"leftImg8bit_trainvaltest.zip": photos, "gtFine_trainvaltest.zip": truth}


def cityscapes(**fields: Any) -> tuple[Dataset, dict[str, bytes]]:
    """Return a small Cityscapes and its zip files by name."""
    sample = dataset(
        **{
            "dataset": "cityscapes",
            "access": "manual",
            "classes": CLASSES,
            "labels": {"kind": "mask", "ids": IDS},
            "image": IMAGE,
            "records": {"train": 5, "test": 2},
            "source": {
                "kind": "archives",
                "files": [{"name": name} for name in cityscapes_files()],
            },
            "format": {
                "kind": "picture-pairs",
                "train": _towns("train"),
                "test": _towns("val"),
            },
            "split": {"test": "official", "validation": 0.4, "seed": 5},
        }
        | fields
    )
    return sample, {name: zipped(members) for name, members in cityscapes_files().items()}


def _towns(part: str) -> dict[str, Any]:
    return {
        "images": {
            "archive": "leftImg8bit_trainvaltest.zip",
            "folder": f"leftImg8bit/{part}",
            "ending": "_leftImg8bit.png",
        },
        "masks": {
            "archive": "gtFine_trainvaltest.zip",
            "folder": f"gtFine/{part}",
            "ending": "_gtFine_labelIds.png",
        },
    }


def railsem19_files(count: int = 10) -> dict[str, bytes]:
    """Return the members of RailSem19's zip file, with the files that nobody reads."""
    found = {"rs19-config.json": b'{"labels": []}', "license.txt": b""}
    for number in range(count):
        found[f"jpgs/rs19_val/rs{number:05d}.jpg"] = jpeg(photo(number))
        found[f"uint8/rs19_val/rs{number:05d}.png"] = png(mask(number))
        found[f"jsons/rs19_val/rs{number:05d}.json"] = b"{}"
    return found


def railsem19(**fields: Any) -> tuple[Dataset, dict[str, bytes]]:
    """Return a small RailSem19 of ten images and its zip file by name."""
    members = {
        "images": {"archive": "rs19_val.zip", "folder": "jpgs/rs19_val", "ending": ".jpg"},
        "masks": {"archive": "rs19_val.zip", "folder": "uint8/rs19_val", "ending": ".png"},
    }
    sample = dataset(
        **{
            "dataset": "railsem19",
            "access": "manual",
            "classes": CLASSES,
            "labels": {"kind": "mask"},
            "image": IMAGE,
            "records": {"train": 10, "test": 0},
            "source": {"kind": "archives", "files": [{"name": "rs19_val.zip"}]},
            "format": {"kind": "picture-pairs", "train": members},
            "split": {"test": 0.2, "validation": 0.25, "seed": 5},
        }
        | fields
    )
    return sample, {"rs19_val.zip": zipped(railsem19_files())}


def crc(content: bytes) -> int:
    """Return the CRC-32C of `content`, bit by bit as its definition has it."""
    state = 0xFFFFFFFF
    for byte in content:
        state ^= byte
        for _ in range(8):
            state = state >> 1 ^ (0x82F63B78 if state & 1 else 0)
    return state ^ 0xFFFFFFFF


def framed(content: bytes) -> bytes:
    """Return `content` as one record of a TFRecord file."""

    def checksum(part: bytes) -> bytes:
        value = crc(part)
        return struct.pack("<I", ((value >> 15 | value << 17) + 0xA282EAD8) % 2**32)

    size = struct.pack("<Q", len(content))
    return size + checksum(size) + content + checksum(content)


def field(number: int, content: bytes | int) -> bytes:
    """Return one field of a message in protocol buffers' format."""
    if isinstance(content, int):
        return _number(number << 3) + _number(content)
    return _number(number << 3 | 2) + _number(len(content)) + content


def _number(value: int) -> bytes:
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*made, value])


def example(values: Mapping[str, bytes | int]) -> bytes:
    """Return an `Example` message with one value under each name."""
    entries = []
    for name, value in values.items():
        kind = 3 if isinstance(value, int) else 1
        feature = field(kind, field(1, value))
        entries.append(field(1, field(1, name.encode()) + field(2, feature)))
    return field(1, b"".join(entries))


def record(number: int, **changed: bytes | int) -> dict[str, bytes | int]:
    """Return the values of the `Example` for picture `number`; `changed` by a name's last word."""
    values: dict[str, bytes | int] = {
        "image/encoded": png(photo(number)),
        "image/filename": f"town_00000{number}_000019".encode(),
        "image/format": b"png",
        "image/height": HEIGHT,
        "image/width": WIDTH,
        "image/channels": 3,
        "image/segmentation/class/encoded": png(mask(number)),
        "image/segmentation/class/format": b"png",
    }
    return values | changed


def tfrecord(numbers: Sequence[int]) -> bytes:
    """Return a TFRecord file with the pictures `numbers`."""
    return b"".join(framed(example(record(number))) for number in numbers)


def tfrecord_sample(**fields: Any) -> tuple[Dataset, dict[str, bytes]]:
    """Return the small Cityscapes as TFRecord files: two of train, with 3 and 2, and one of val."""
    files = {
        "train_fine-00000-of-00002.tfrecord": tfrecord([0, 1, 2]),
        "train_fine-00001-of-00002.tfrecord": tfrecord([3, 4]),
        "val_fine-00000-of-00001.tfrecord": tfrecord([5, 6]),
    }
    names = list(files)
    sample = dataset(
        **{
            "dataset": "cityscapes_tfrecord",
            "access": "manual",
            "classes": CLASSES,
            "labels": {"kind": "mask"},
            "image": IMAGE,
            "records": {"train": 5, "test": 2},
            "source": {"kind": "archives", "files": [{"name": name} for name in names]},
            "format": {"kind": "tfrecord", "train": names[:2], "test": names[2:]},
            "split": {"test": "official", "validation": 0.4, "seed": 5},
        }
        | fields
    )
    return sample, files


def unpacked(folder: Path, members: Mapping[str, bytes]) -> Path:
    """Write `members` under `folder`, as unzipping does, and return it."""
    for name, content in members.items():
        path = folder / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return folder
