"""Hashing many files: each file once, large ones first, several at a time."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.verification.progress import Progress
from harness.verification.tree import Seen

Algorithm = Literal["sha256", "md5"]
Inode = tuple[int, int]
_CHUNK = 1 << 20
_BATCH = 8 << 20  # bytes; files are handed to threads in batches, since most are small
_SHOWN_EVERY = 0.2  # seconds


@dataclass(frozen=True)
class Read:
    """What reading a file came to; without digests when `fault` says why it cannot be read."""

    size: int = 0
    digests: Mapping[Algorithm, str] | None = None
    fault: str = ""

    def digest(self, algorithm: Algorithm) -> str:
        """Return a digest; "" when the file could not be read, or nobody wanted it."""
        return (self.digests or {}).get(algorithm, "")


def read_all(
    wanted: Iterable[tuple[Seen, Algorithm]], jobs: int, progress: Progress
) -> dict[Inode, Read]:
    """Hash files and return what came of each, by its inode.

    A file that several names share is read once, with all the digests that they want.

    Parameters
    ----------
    wanted
        Files, each with a digest that is wanted of it.
    jobs
        How many threads read.
    """
    files: dict[Inode, Seen] = {}
    algorithms: dict[Inode, set[Algorithm]] = {}
    for seen, algorithm in wanted:
        files.setdefault(seen.inode, seen)
        algorithms.setdefault(seen.inode, set()).add(algorithm)
    reader = _Reader(progress, threading.Event())
    ordered = sorted(files.values(), key=lambda seen: (-seen.size, str(seen.path)))
    progress.begin(sum(seen.size for seen in ordered))
    found: dict[Inode, Read] = {}
    with ThreadPoolExecutor(jobs) as pool:
        waiting = {
            pool.submit(reader.read, [(seen.path, algorithms[seen.inode]) for seen in batch]): batch
            for batch in _batches(ordered)
        }
        try:
            left = set(waiting)
            while left:
                _, left = wait(left, _SHOWN_EVERY if progress.shown else None)
                progress.show()
        except BaseException:
            reader.stopped.set()
            pool.shutdown(cancel_futures=True)
            raise
        finally:
            progress.end()
        for future, batch in waiting.items():
            found |= zip((seen.inode for seen in batch), future.result(), strict=True)
    return found


def _batches(files: list[Seen]) -> list[list[Seen]]:
    batches: list[list[Seen]] = []
    room = 0
    for seen in files:
        if not batches or seen.size > room:
            batches.append([])
            room = _BATCH
        batches[-1].append(seen)
        room -= seen.size + 1
    return batches


@dataclass(frozen=True)
class _Reader:
    progress: Progress
    stopped: threading.Event

    def read(self, files: list[tuple[Path, set[Algorithm]]]) -> list[Read]:
        buffer = memoryview(bytearray(_CHUNK))
        return [self._read(path, algorithms, buffer) for path, algorithms in files]

    def _read(self, path: Path, algorithms: set[Algorithm], buffer: memoryview) -> Read:
        digests = {name: hashlib.new(name, usedforsecurity=False) for name in sorted(algorithms)}
        size = 0
        try:
            # A pipe that took the file's place must not hold us up.
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(handle, "rb", buffering=0) as file:
                if not stat.S_ISREG(os.fstat(handle).st_mode):
                    return Read(fault="it is no file any more")
                while (count := file.readinto(buffer)) and not self.stopped.is_set():
                    for digest in digests.values():
                        digest.update(buffer[:count])
                    size += count
                    self.progress.add(count)
        except OSError as error:
            return Read(size, fault=os.strerror(error.errno or 0))
        return Read(size, {name: digest.hexdigest() for name, digest in digests.items()})
