"""Obtaining a dataset's archives: what is here, then each mirror in order, then Debian."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from harness.data import debian
from harness.data.mirror import download
from harness.data.refusal import Refused
from harness.data.store import Store
from harness.errors import HarnessError
from harness.spec.dataset import Archive, Dataset

Tell = Callable[[str], None]
TIMEOUT = 30.0


def obtain(
    dataset: Dataset, downloads: Path, tell: Tell, timeout: float = TIMEOUT
) -> dict[str, Path]:
    """Return the path of each archive of `dataset` by name, fetching those that are not here.

    Parameters
    ----------
    downloads
        The folder that has one folder a dataset.
    tell
        Is told of every transfer.
    timeout
        Seconds without a byte after which a mirror is given up.

    Raises
    ------
    HarnessError
        An archive cannot be had; the message names every way to it and why it failed.
    """
    store = Store(downloads / dataset.dataset)
    missing = [archive for archive in dataset.archives if not store.holds(archive)]
    if missing and dataset.access == "manual":
        raise _by_hand(dataset, store, missing)
    if missing:
        with store.scratch() as scratch:
            routes = _Routes(scratch, timeout, tell)
            for archive in missing:
                # Another process may have brought it while this one waited for the lock.
                if not store.holds(archive):
                    _bring(dataset, archive, store, routes)
    return {archive.name: store.path(archive) for archive in dataset.archives}


@dataclass
class _Routes:
    """The ways to a file; each brings it to a path or raises Refused."""

    scratch: Path
    timeout: float
    tell: Tell
    trees: dict[str, Path] = field(default_factory=dict)

    def to(self, archive: Archive) -> Iterator[tuple[str, Callable[[Path], None]]]:
        package = archive.debian
        here = debian.installed(package) if package else None
        if here:
            yield str(here), partial(_copy, here)
        for url in archive.urls:
            assert archive.bytes is not None
            yield url, partial(download, url, size=archive.bytes, timeout=self.timeout)
        if package and not here:
            label = f"Debian package {package.package}"
            yield label, lambda path: _copy(self._tree(package.package) / package.path, path)

    def _tree(self, package: str) -> Path:
        if package not in self.trees:
            folder = self.scratch / package
            folder.mkdir()
            self.trees[package] = debian.unpack(package, folder)
        return self.trees[package]


def _bring(dataset: Dataset, archive: Archive, store: Store, routes: _Routes) -> None:
    part = routes.scratch / archive.name
    reasons = []
    for label, bring in routes.to(archive):
        routes.tell(f"{archive.name}: from {label}")
        try:
            bring(part)
            reason = store.admit(part, archive)
        except Refused as refused:
            reason = str(refused)
        except OSError as error:
            raise HarnessError(f"{store.path(archive)}: cannot be written: {error}") from error
        if reason is None:
            return
        reasons.append(f"\n  {label}: {reason}")
    raise HarnessError(
        f"{dataset.dataset}: {archive.name} could not be fetched:{''.join(reasons)}",
        f"get it by other means, then run: harness data adopt {dataset.dataset} PATH",
    )


def _copy(source: Path, target: Path) -> None:
    if not source.is_file():
        raise Refused(f"has no file {source.name}")
    shutil.copyfile(source, target)


def _by_hand(dataset: Dataset, store: Store, missing: list[Archive]) -> HarnessError:
    lines = [f"\n  {store.path(archive)}: {_state(store, archive)}" for archive in missing]
    return HarnessError(
        f"{dataset.dataset}: its archives must be obtained by hand (access: manual):"
        f"{''.join(lines)}",
        f"get them from {dataset.homepage}, then run: harness data adopt {dataset.dataset} FOLDER",
    )


def _state(store: Store, archive: Archive) -> str:
    if not store.keeps(archive):
        return "missing"
    if archive.known:
        return "is here, with other bytes than the spec names"
    return "is here, but was not adopted, or has changed since"
