"""Taking over archives, or folders with what is in them, that somebody put on this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.data import zipped
from harness.data.checksum import fault
from harness.data.recognition import stranger
from harness.data.store import Store
from harness.errors import HarnessError
from harness.fault import system_fault
from harness.spec.dataset import Archive, Dataset
from harness.spec.layout import Members, PicturePairs


@dataclass(frozen=True)
class _Found:
    """An archive, and where it was found: a file, or a folder with what belongs into it."""

    archive: Archive
    path: Path

    def fault(self, dataset: Dataset) -> str | None:
        """Say what is wrong with the file; what a folder is worth shows once it is packed."""
        if self.path.is_dir():
            return None
        return fault(self.path, self.archive) or stranger(dataset, self.archive, self.path)


def adopt(dataset: Dataset, downloads: Path, path: Path) -> list[str]:
    """Copy the archives of `dataset` from `path`, a file or a folder; return their names.

    A folder may hold the archives, or the unpacked files of those whose bytes the spec does not
    know: they are packed. Nothing is copied unless every archive that is found there is right.

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
        found = _in_folder(dataset, path) if path.is_dir() else [_named(dataset, path)]
        wrong = [(one.path, reason) for one in found if (reason := one.fault(dataset))]
        _refuse(dataset, wrong)
    except OSError as error:
        said = f"{path}: cannot be read: {error.strerror}"
        raise HarnessError(said, system_fault(error).remedy) from error
    store = Store(downloads / dataset.dataset)
    with store.scratch() as scratch:
        parts = [_taken(dataset, scratch, one) for one in found]
        for one, part in zip(found, parts, strict=True):
            if reason := store.admit(part, one.archive):
                raise HarnessError(
                    f"{one.path}: changed while it was copied: {reason}",
                    "wait until nothing writes it; then run the command again",
                )
    return [one.archive.name for one in found]


def _refuse(dataset: Dataset, wrong: list[tuple[Path, str]]) -> None:
    if wrong:
        lines = "".join(f"\n  {path}: {reason}" for path, reason in wrong)
        raise HarnessError(
            f"{dataset.dataset}: not what the spec names:{lines}",
            f"get the archives again from {dataset.homepage}",
        )


def _in_folder(dataset: Dataset, folder: Path) -> list[_Found]:
    found = [
        _Found(archive, place)
        for archive in dataset.archives
        if (place := _place(dataset, archive, folder))
    ]
    if not found:
        names = ", ".join(archive.name for archive in dataset.archives)
        trees = _trees(dataset)
        also = f", nor a folder {' or '.join(trees)}" if trees else ""
        raise HarnessError(f"{folder}: holds none of {names}{also}", _source(dataset))
    return found


def _place(dataset: Dataset, archive: Archive, folder: Path) -> Path | None:
    """Return the file, or the folder when it has the archive's files, or None."""
    if (folder / archive.name).is_file():
        return folder / archive.name
    inside = _inside(dataset, archive)
    return folder if any((folder / members.folder).is_dir() for members in inside) else None


def _trees(dataset: Dataset) -> list[str]:
    inside = [one for archive in dataset.archives for one in _inside(dataset, archive)]
    return sorted({members.folder for members in inside})


def _inside(dataset: Dataset, archive: Archive) -> list[Members]:
    """Return which files an archive has, as far as they may come unpacked."""
    if archive.known or not isinstance(dataset.format, PicturePairs):
        return []
    every = [members for part in dataset.format.parts for members in part.both]
    return [members for members in every if members.archive == archive.name]


def _named(dataset: Dataset, path: Path) -> _Found:
    if not path.is_file():
        raise HarnessError(
            f"{path}: is neither a file nor a folder",
            "name an archive, or the folder that holds the archives",
        )
    for archive in dataset.archives:
        if archive.name == path.name or (archive.known and fault(path, archive) is None):
            return _Found(archive, path)
    names = ", ".join(archive.name for archive in dataset.archives)
    raise HarnessError(
        f"{path}: is none of {names}, neither by its name nor by its bytes", _source(dataset)
    )


def _source(dataset: Dataset) -> str:
    return f"the archives are to be had from {dataset.homepage}"


def _taken(dataset: Dataset, scratch: Path, found: _Found) -> Path:
    """Bring the archive into `scratch` and return where it is."""
    part = scratch / found.archive.name
    try:
        if found.path.is_dir():
            zipped.pack(dict(_files(found.path, _inside(dataset, found.archive))), part)
        else:
            shutil.copyfile(found.path, part)
    except OSError as error:
        said = f"{found.path}: cannot be copied: {error}"
        raise HarnessError(said, system_fault(error).remedy) from error
    # The copy is what is checked: the original may change while it is read.
    if reason := stranger(dataset, found.archive, part):
        _refuse(dataset, [(found.path, reason)])
    return part


def _files(folder: Path, inside: list[Members]) -> Iterator[tuple[str, Path]]:
    """Yield the files that belong into an archive, by the names that they have in it."""
    for members in inside:
        for place, _, names in os.walk(folder / members.folder):
            for name in names:
                path = Path(place, name)
                if not name.endswith(members.ending):
                    continue
                if path.is_symlink() or not path.is_file():
                    raise HarnessError(
                        f"{path}: is a link or a device, not a file",
                        "put the file itself in its place, or take it out of the folder",
                    )
                yield path.relative_to(folder).as_posix(), path
