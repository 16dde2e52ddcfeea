"""What lies in a folder, looked at without following a link and without opening anything."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["file", "link", "special file", "unreadable"]


@dataclass(frozen=True)
class Seen:
    """One name in a folder that is not a folder itself.

    Parameters
    ----------
    path
        What is to be opened.
    kind
        A file, or why it is not one that can be read.
    size
        Bytes.
    inode
        Device and inode: two names of one file share them.
    detail
        Where a link points, or why a folder cannot be read.
    """

    path: Path
    kind: Kind
    size: int = 0
    inode: tuple[int, int] = (0, 0)
    detail: str = ""


def look(place: Path, name: str, cache: Path) -> Iterator[tuple[str, Seen]]:
    """Yield everything at or below `place` that is not a folder, as (name, what it is).

    Parameters
    ----------
    place
        A file or a folder; nothing is yielded when it is not there.
    name
        Its name; what lies below it has this name with its own appended.
    cache
        The folder of DVC's cache: links to files in it are DVC's own and stand for those.
    """
    waiting = [(place, name)]
    while waiting:
        path, shown = waiting.pop()
        try:
            found = path.lstat()
            if stat.S_ISDIR(found.st_mode):
                names = sorted(os.listdir(path), reverse=True)
                waiting += [(path / one, f"{shown}/{one}" if shown else one) for one in names]
                continue
            yield shown, _seen(path, found, cache)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            yield shown, Seen(path, "unreadable", detail=os.strerror(error.errno or 0))


def _seen(path: Path, found: os.stat_result, cache: Path) -> Seen:
    if stat.S_ISLNK(found.st_mode):
        target = Path(os.path.realpath(path))
        if not (target.is_relative_to(cache.resolve()) and target.is_file()):
            return Seen(path, "link", detail=os.readlink(path))
        path, found = target, target.stat()
    elif not stat.S_ISREG(found.st_mode):
        return Seen(path, "special file")
    return Seen(path, "file", found.st_size, (found.st_dev, found.st_ino))
