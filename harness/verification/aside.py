"""Moving aside what nobody recorded: it is kept, under its own path, and never deleted."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from harness.errors import HarnessError

FOLDER = ".harness/foreign"


def move_aside(root: Path, place: Path) -> str:
    """Move a file, link or folder out of the way; return where it is now, relative to `root`.

    Raises
    ------
    HarnessError
        It lies outside the project, or on another disk than the project's own folder.
    """
    if not place.is_relative_to(root):
        raise HarnessError(
            f"{place}: outside the project, where others may use it", "remove it by hand"
        )
    wanted = root / FOLDER / place.relative_to(root)
    target, number = wanted, 1
    while os.path.lexists(target):
        number += 1
        target = wanted.with_name(f"{wanted.name}.{number}")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.rename(place, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        raise HarnessError(
            f"{place}: on another disk than {root / FOLDER}", "move it away by hand"
        ) from error
    return target.relative_to(root).as_posix()
