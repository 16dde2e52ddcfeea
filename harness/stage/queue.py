"""Which stages a reproduction still has before it, for the progress that a stage shows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from harness.stage.progress import duration

VARIABLE = "HARNESS_QUEUE"


def dumps(queue: Sequence[tuple[str, float | None]]) -> str:
    """Return the queue as the value of the variable: addresses with expected seconds."""
    return json.dumps(list(queue))


def position(address: str, shell: Mapping[str, str]) -> str:
    """Return where the stage `address` stands: `` (3 of 14, about 2 min left)``, or nothing."""
    try:
        queue = json.loads(shell.get(VARIABLE, "[]"))
        place = [entry[0] for entry in queue].index(address)
    except (ValueError, TypeError, IndexError):
        return ""
    expected = [seconds for _, seconds in queue[place:]]
    known = all(seconds is not None for seconds in expected)
    left = f", about {duration(sum(expected))} left" if known else ""
    return f" ({place + 1} of {len(queue)}{left})"
