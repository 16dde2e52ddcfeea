"""C sources that belong to a module: they are compiled when the project is installed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from os.path import normpath
from pathlib import Path, PurePosixPath

SUFFIXES = (".c", ".h")
"""How the names of C sources end."""

_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"', re.MULTILINE)


def sources(root: Path, module: str) -> set[str]:
    """Return the C sources of a module of the project at `root`, as paths within it.

    ``x.c`` beside the module ``x.py`` belongs to it, and with it every file of the project that
    it includes in quotes, directly or not.
    """
    found: set[str] = set()
    wanted = [PurePosixPath(module).with_suffix(".c").as_posix()]
    while wanted:
        file = wanted.pop()
        if file not in found and (root / file).is_file():
            found.add(file)
            wanted += _included(root, file)
    return found


def _included(root: Path, file: str) -> Iterator[str]:
    folder = PurePosixPath(file).parent
    for name in _INCLUDE.findall((root / file).read_bytes()):
        path = normpath(folder / name.decode("utf-8", "replace"))
        if not path.startswith(("..", "/")):  # another project's is part of its environment
            yield path
