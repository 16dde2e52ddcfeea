"""Progress of a running step, as lines that a log can keep."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TextIO

_EVERY = 2.0


def duration(seconds: float) -> str:
    """Return `seconds` for people: ``45 s``, ``3 min 05 s``, ``2 h 10 min``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


@dataclass
class Progress:
    """Tells how far a step is: every two seconds at most, and at the end of it."""

    label: str
    stream: TextIO = field(default_factory=lambda: sys.stderr)
    _started: float = field(default_factory=time.monotonic)
    _told: float = 0.0

    def __call__(self, done: int, total: int, note: str = "") -> None:
        """Tell that `done` of `total` units are finished; `note` says more, such as a loss."""
        now = time.monotonic()
        if done < total and now - self._told < _EVERY:
            return
        self._told = now
        left = (now - self._started) / max(done, 1) * (total - done)
        rest = f", about {duration(left)} left" if done < total else ""
        self.stream.write(f"  {self.label}: {done}/{total}{' ' if note else ''}{note}{rest}\n")
        self.stream.flush()
