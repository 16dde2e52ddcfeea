"""How far a long reading is, on a terminal only."""

from __future__ import annotations

import sys
from typing import TextIO


class Progress:
    """A line on standard error that tells how many bytes have been read.

    Parameters
    ----------
    stream
        Where to; nothing is shown when it is no terminal.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._total = self._done = 0
        self._line = ""

    @property
    def shown(self) -> bool:
        """Whether anybody sees it."""
        return self._stream.isatty()

    def begin(self, total: int) -> None:
        """Begin to count to `total` bytes."""
        self._total, self._done = total, 0

    def add(self, count: int) -> None:
        """Count bytes. Several threads call this; that one is lost now and then does no harm."""
        self._done += count

    def show(self) -> None:
        """Write the line anew when it changed."""
        if not self.shown:
            return
        share = 100 * self._done // self._total if self._total else 100
        line = f"{min(share, 100)} % of {self._total / 1e6:.0f} MB"
        if line != self._line:
            self._stream.write(f"\r{line}")
            self._stream.flush()
            self._line = line

    def end(self) -> None:
        """Clear the line."""
        if self._line:
            self._stream.write("\r" + " " * len(self._line) + "\r")
            self._stream.flush()
            self._line = ""
