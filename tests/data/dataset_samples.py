"""Small datasets of the true layouts, each with the archives that belong to it."""

from __future__ import annotations

import gzip
import hashlib
import io
import struct
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness.spec.dataset import Dataset

GOOD = bytes(range(256)) * 1000
"""What a good mirror sends."""


def sha256(content: bytes) -> str:
    """Return the SHA-256 of `content`."""
    return hashlib.sha256(content).hexdigest()


def pack(content: bytes, stamp: int = 0) -> bytes:
    """Return `content` in gzip with the time `stamp`."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=stamp, filename="") as file:
        file.write(content)
    return buffer.getvalue()


def archive(name: str, packed: bytes, **more: Any) -> dict[str, Any]:
    """Return the entry of a spec for the file `packed`, completed by `more`."""
    entry = {"name": name, "bytes": len(packed), "sha256": sha256(packed)}
    return entry | more


def dataset(**fields: Any) -> Dataset:
    """Return a dataset of 2x3 pictures in three classes, `fields` replacing or completing it."""
    base = {
        "dataset": "sample",
        "title": "A sample",
        "licence": "CC0-1.0",
        "homepage": "https://example.org/sample",
        "access": "open",
        "classes": ["a", "b", "c"],
        "image": {"height": 2, "width": 3, "channels": 1, "maximum": 255},
        "records": {"train": 12, "test": 6},
        "split": {"test": "official", "validation": 0.25, "seed": 5},
    }
    return Dataset.model_validate(base | fields, strict=False)


def pixels(count: int, channels: int) -> np.ndarray:
    """Return `count` pictures of 2x3 pixels."""
    generator = np.random.Generator(np.random.PCG64(count))
    return generator.integers(0, 256, (count, 2, 3, channels), dtype=np.uint8)


def labels(count: int) -> np.ndarray:
    """Return the labels 0, 1, 2 by turns."""
    return np.arange(count, dtype=np.int64) % 3


def idx_bytes(values: np.ndarray) -> bytes:
    """Return `values` in the idx format."""
    header = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
    return header + values.astype(np.uint8).tobytes()


def idx_files() -> dict[str, bytes]:
    """Return the four files of an idx dataset with 12 and 6 records, unpacked."""
    return {
        f"{part}-{what}": idx_bytes(values)
        for part, count in (("train", 12), ("t10k", 6))
        for what, values in (("images", pixels(count, 1)[..., 0]), ("labels", labels(count)))
    }


def idx_sample(url: str = "http://127.0.0.1:9/", **fields: Any) -> tuple[Dataset, dict[str, bytes]]:
    """Return an idx dataset, its archives at `url`, and their bytes by name."""
    files = {f"{name}.gz": pack(content) for name, content in idx_files().items()}
    entries = [
        archive(
            name,
            content,
            content={
                "bytes": len(gzip.decompress(content)),
                "sha256": sha256(gzip.decompress(content)),
            },
            urls=[f"{url}{name}"],
        )
        for name, content in files.items()
    ]
    layout = {
        "kind": "idx",
        "train": {"images": "train-images.gz", "labels": "train-labels.gz"},
        "test": {"images": "t10k-images.gz", "labels": "t10k-labels.gz"},
    }
    source = {"kind": "archives", "files": entries}
    return dataset(source=source, format=layout, **fields), files


def tar(members: Mapping[str, bytes | tarfile.TarInfo]) -> bytes:
    """Return a tar.gz with `members`: their content, or a header for anything but a file."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as file:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                file.addfile(content)
                continue
            header = tarfile.TarInfo(name)
            header.size = len(content)
            file.addfile(header, io.BytesIO(content))
    return pack(buffer.getvalue())


def cifar_records(count: int, label_bytes: int) -> bytes:
    """Return CIFAR records; a coarse label, where there is one, is no class of the sample."""
    planes = pixels(count, 3).transpose(0, 3, 1, 2).reshape(count, -1)
    coarse = [np.full((count, 1), 9, dtype=np.uint8)] * (label_bytes - 1)
    columns = [*coarse, labels(count)[:, None].astype(np.uint8), planes]
    return np.concatenate(columns, axis=1).tobytes()


def cifar_sample(label_bytes: int, content: bytes | None = None) -> tuple[Dataset, bytes]:
    """Return a CIFAR dataset of 12 and 6 records and its archive, or the one given."""
    record = label_bytes + 18
    train = cifar_records(12, label_bytes)
    members = {
        "set/one.bin": train[: 6 * record],
        "set/two.bin": train[6 * record :],
        "set/test.bin": cifar_records(6, label_bytes),
        "set/readme.html": b"not read",
    }
    packed = tar(members) if content is None else content
    layout = {
        "kind": "cifar-binary",
        "label_bytes": label_bytes,
        "train": ["set/one.bin", "set/two.bin"],
        "test": ["set/test.bin"],
    }
    return dataset(
        source={
            "kind": "archives",
            "files": [archive("set.tar.gz", packed, urls=["http://127.0.0.1:9/set.tar.gz"])],
        },
        format=layout,
        image={"height": 2, "width": 3, "channels": 3, "maximum": 255},
    ), packed


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write `files` into `folder` and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def leftovers(folder: Path) -> list[str]:
    """Return every file under `folder`, by its path inside it."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
