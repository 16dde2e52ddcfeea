"""Places of the project: what a path may be, so that it stays inside the project's folder.

The standard library alone, since the launcher reads paths under any Python.
"""

from __future__ import annotations

from pathlib import Path

from harness.errors import HarnessError


def check_relative(path: str) -> str:
    """Return `path` when it is relative, plain and leads nowhere else; ValueError otherwise."""
    if any(ord(character) < 32 for character in path):
        raise ValueError("a path may not hold a NUL or another control character")
    if path.startswith(("/", "\\", "~")) or path[1:2] == ":":
        raise ValueError("a path must be relative to the project's folder, not absolute")
    parts = path.replace("\\", "/").split("/")
    if ".." in parts:
        raise ValueError("a path may not leave the project's folder with '..'")
    if ".git" in parts or ".dvc" in parts:
        raise ValueError("a path may not lead into the folder of git or DVC")
    return path


def refuse_outside(root: Path, path: str, what: str) -> None:
    """Raise HarnessError when a symbolic link on the way to `path` leads out of `root`.

    Parameters
    ----------
    root
        The project.
    path
        A relative path in it, which need not exist.
    what
        What the path is of, for the message.
    """
    home = root.resolve()
    real = (root / path).resolve()
    if not real.is_relative_to(home):
        raise HarnessError(
            f"{what}: {path} leads out of the project, to {real}",
            "put a folder in place of the symbolic link",
        )
