"""Taking over archives that somebody put on this machine."""

from __future__ import annotations

import shutil
from pathlib import Path

from harness.data.checksum import fault
from harness.data.store import Store
from harness.errors import HarnessError
from harness.spec.dataset import Archive, Dataset


def adopt(dataset: Dataset, downloads: Path, path: Path) -> list[str]:
    """Copy the archives of `dataset` from `path`, a file or a folder; return their names.

    Nothing is copied unless every archive that is found there is right.

    Raises
    ------
    HarnessError
        There is no archive of the dataset at `path`, or one that has other bytes.
    """
    if not dataset.archives:
        raise HarnessError(
            f"{dataset.dataset}: ships inside a package; there is nothing to adopt",
            f"run: harness data fetch {dataset.dataset}",
        )
    try:
        found = _in_folder(dataset, path) if path.is_dir() else [(_named(dataset, path), path)]
    except OSError as error:
        raise HarnessError(f"{path}: cannot be read: {error.strerror}") from error
    wrong = [f"\n  {file}: {reason}" for archive, file in found if (reason := fault(file, archive))]
    if wrong:
        raise HarnessError(
            f"{dataset.dataset}: not what the spec names:{''.join(wrong)}",
            f"get the archives again from {dataset.homepage}",
        )
    store = Store(downloads / dataset.dataset)
    with store.scratch() as scratch:
        for archive, file in found:
            _take(store, scratch, archive, file)
    return [archive.name for archive, _ in found]


def _in_folder(dataset: Dataset, folder: Path) -> list[tuple[Archive, Path]]:
    found = [
        (archive, folder / archive.name)
        for archive in dataset.archives
        if (folder / archive.name).is_file()
    ]
    if not found:
        names = ", ".join(archive.name for archive in dataset.archives)
        raise HarnessError(f"{folder}: holds none of {names}")
    return found


def _named(dataset: Dataset, path: Path) -> Archive:
    if not path.is_file():
        raise HarnessError(f"{path}: is neither a file nor a folder")
    for archive in dataset.archives:
        if archive.name == path.name or fault(path, archive) is None:
            return archive
    names = ", ".join(archive.name for archive in dataset.archives)
    raise HarnessError(f"{path}: is none of {names}, neither by its name nor by its bytes")


def _take(store: Store, scratch: Path, archive: Archive, file: Path) -> None:
    part = scratch / archive.name
    try:
        shutil.copyfile(file, part)
        # The copy is what is checked: the original may change while it is read.
        reason = store.admit(part, archive)
    except OSError as error:
        raise HarnessError(f"{file}: cannot be copied: {error}") from error
    if reason is not None:
        raise HarnessError(f"{file}: changed while it was copied: {reason}")
