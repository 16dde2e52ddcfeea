"""Which stages a reproduction still has before it, for the progress that a stage shows.

DVC runs stages in an order of its own, so what is left is known by what was done.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.stage.progress import duration

VARIABLE = "HARNESS_QUEUE"


def write_queue(path: Path, queue: Sequence[tuple[str, float | None]]) -> None:
    """Begin a queue: the addresses of the stages with the seconds that each is expected to take."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(list(entry)) + "\n" for entry in queue))


def take(address: str, shell: Mapping[str, str]) -> str:
    """Take a stage off the queue; return how far the run is: `` (3 of 14, about 2 min left)``.

    Nothing is returned when DVC was started without the harness.
    """
    path = Path(shell.get(VARIABLE, ""))
    if not path.is_file():
        return ""
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    left = [entry for entry in entries if len(entry) == 2]
    seconds = [entry[1] for entry in left]
    rest = f", about {duration(sum(seconds))} left" if None not in seconds else ""
    done = len(entries) - len(left)
    marked = [
        [*entry, "begun"] if entry in left and entry[0] == address else entry for entry in entries
    ]
    path.write_text("".join(json.dumps(entry) + "\n" for entry in marked))
    return f" ({done + 1} of {len(entries)}{rest})"
