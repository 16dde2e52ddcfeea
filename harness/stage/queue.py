"""Which stages a reproduction still has before it, for the progress that a stage shows.

DVC runs stages in an order of its own, so what is left is known by what was done.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.formats.atomic import write_text
from harness.stage.progress import duration

VARIABLE = "HARNESS_QUEUE"


def write_queue(path: Path, queue: Sequence[tuple[str, float | None]]) -> None:
    """Begin a queue: the addresses of the stages with the seconds that each is expected to take."""
    write_text(path, "".join(json.dumps(list(entry)) + "\n" for entry in queue))


def take(address: str, shell: Mapping[str, str]) -> str:
    """Take a stage off the queue; return how far the run is: `` (3 of 14, about 2 min left)``.

    Nothing is returned when DVC was started without the harness.
    """
    path = Path(shell.get(VARIABLE, ""))
    if not path.is_file():
        return ""
    try:
        entries = _entries(path)
    except ValueError:
        return ""  # damaged: a stage runs without it
    left = [entry for entry in entries if len(entry) == 2]
    seconds = [entry[1] for entry in left]
    rest = f", about {duration(sum(seconds))} left" if None not in seconds else ""
    done = len(entries) - len(left)
    marked = [
        [*entry, "begun"] if entry in left and entry[0] == address else entry for entry in entries
    ]
    write_text(path, "".join(json.dumps(entry) + "\n" for entry in marked))
    return f" ({done + 1} of {len(entries)}{rest})"


def any_begun(path: Path) -> bool:
    """Whether any stage has been taken off the queue."""
    try:
        return any(len(entry) == 3 for entry in _entries(path))
    except (OSError, ValueError):
        return False


def _entries(path: Path) -> list[list[Any]]:
    entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for entry in entries:
        match entry:
            case [str(), int() | float() | None] | [str(), int() | float() | None, "begun"]:
                continue
        raise ValueError(f"no entry of a queue: {entry}")
    return entries
