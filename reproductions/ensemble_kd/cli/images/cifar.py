"""CIFAR-10 and CIFAR-100: the binary version, unpacked or as the archive."""

from __future__ import annotations

from pathlib import Path

from harness.data.cifar import parse
from harness.data.images import Labelled
from harness.data.packing import read_tar
from harness.errors import UsageError
from harness.spec.layout import Image
from reproductions.ensemble_kd.cli.images.files import content

CLASSES = {"cifar10": 10, "cifar100": 100}
MOMENTS = ((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010))
"""Mean and deviation of the channels, of both datasets alike (BMXNet's examples)."""

_IMAGE = Image(height=32, width=32, channels=3, maximum=255)
_LABEL_BYTES = {"cifar10": 1, "cifar100": 2}
_TRAIN = {
    "cifar10": tuple(f"cifar-10-batches-bin/data_batch_{number}.bin" for number in range(1, 6)),
    "cifar100": ("cifar-100-binary/train.bin",),
}
_TEST = {"cifar10": "cifar-10-batches-bin/test_batch.bin", "cifar100": "cifar-100-binary/test.bin"}
_ARCHIVE = {"cifar10": "cifar-10-binary.tar.gz", "cifar100": "cifar-100-binary.tar.gz"}
_LARGEST = 50_000 * (2 + _IMAGE.size)  # bytes of a file


def read(dataset: str, folder: Path) -> tuple[Labelled, Labelled]:
    """Return the images to train and to test on, (N, 32, 32, 3), of `cifar10` or `cifar100`.

    Parameters
    ----------
    folder
        Holds the archive, the folder that it unpacks to, or is that folder.

    Raises
    ------
    HarnessError
        None of these is there, or a file is damaged.
    """
    files = _contents(dataset, folder)
    train = b"".join(files[name] for name in _TRAIN[dataset])
    label_bytes = _LABEL_BYTES[dataset]
    return (
        parse(f"{folder}: {', '.join(_TRAIN[dataset])}", train, label_bytes, _IMAGE),
        parse(f"{folder}: {_TEST[dataset]}", files[_TEST[dataset]], label_bytes, _IMAGE),
    )


def _contents(dataset: str, folder: Path) -> dict[str, bytes]:
    names = (*_TRAIN[dataset], _TEST[dataset])
    archive = folder / _ARCHIVE[dataset]
    if archive.is_file():
        return read_tar(archive, dict.fromkeys(names, _LARGEST))
    for start in (folder, folder.parent):
        if all((start / name).is_file() for name in names):
            return {name: content(start / name, _LARGEST) for name in names}
    raise UsageError(
        f"--data-path {folder}: it holds no {_ARCHIVE[dataset]}, and not the files "
        f"{', '.join(names)}",
        f"get it with `harness data fetch {dataset}` and give .harness/downloads/{dataset}; the "
        "version for Python holds pickles, which may run code, and is not read",
    )
