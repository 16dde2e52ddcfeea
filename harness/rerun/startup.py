"""What every Python of a rerun does first: take another date, and shuffle listings.

A rerun puts a copy of this file into its clone as ``sitecustomize.py``, with what is wanted in
``sitecustomize.json`` beside it. The clone is on the path of each of its processes, also of the
stages', whose environment variables are fixed: no variable could reach them. It is never imported
as a module of the harness. The standard library alone.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self


def _take_date(library: str, offset: str) -> None:
    """Begin this process anew under libfaketime, unless it is."""
    wanted = {
        "LD_PRELOAD": library,
        "FAKETIME": offset,
        # Waits measure by this clock, and Python's waits do not go through the library.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        # Other times of files would make every compiled file of the environments stale.
        "NO_FAKE_STAT": "1",
    }
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        os.environ.update(wanted)
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - the very command that runs
    changed: Any = time
    changed.sleep = _sleep


def _sleep(seconds: float, /) -> None:
    # The library's clock_nanosleep refuses the true monotonic clock.
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        select.select([], [], [], left)


class _Entries:
    """The entries of `os.scandir`, all read and put into another order."""

    def __init__(self, entries: list[os.DirEntry[Any]]) -> None:
        self._entries = iter(entries)

    def __iter__(self) -> Iterator[os.DirEntry[Any]]:
        return self._entries

    def __next__(self) -> os.DirEntry[Any]:
        return next(self._entries)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()

    def close(self) -> None:
        """Forget what is left."""
        self._entries = iter(())


def _shuffle_listings(seed: int) -> None:
    """Have `os.listdir` and `os.scandir`, and all that is built on them, give another order."""
    listdir, scandir = os.listdir, os.scandir

    def place(name: Any) -> int:
        return zlib.crc32(os.fsencode(name), seed)

    def shuffled_listdir(path: Any = None) -> list[Any]:
        return sorted(listdir(path), key=place)

    def shuffled_scandir(path: Any = None) -> _Entries:
        with scandir(path) as entries:
            return _Entries(sorted(entries, key=lambda entry: place(entry.name)))

    changed: Any = os
    changed.listdir, changed.scandir = shuffled_listdir, shuffled_scandir


def _begin() -> None:
    wanted = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    if "library" in wanted:
        _take_date(wanted["library"], wanted["offset"])
    if "seed" in wanted:
        _shuffle_listings(wanted["seed"])


if __name__ == "sitecustomize":
    _begin()
