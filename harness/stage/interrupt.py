"""Ending on a signal: it becomes an exception, so that everything is cleaned up on the way out.

The standard library alone, since the launcher uses it.
"""

from __future__ import annotations

import signal
from types import FrameType

_HEEDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """A signal asks the process to end.

    Parameters
    ----------
    number
        The signal's.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    @property
    def status(self) -> int:
        """The exit status that a shell expects: 130 after SIGINT, 143 after SIGTERM."""
        return 128 + self.number

    @property
    def name(self) -> str:
        """The signal's name."""
        return signal.Signals(self.number).name


def heed() -> None:
    """Raise `Interrupted` on SIGINT, SIGTERM and SIGHUP from now on.

    One that is ignored stays so: `nohup` and a shell's background jobs mean it.
    """
    for number in _HEEDED:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def pass_over() -> None:
    """End at once on SIGINT, without a word, until `heed`: nothing has been begun."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _interrupt(number: int, _: FrameType | None) -> None:
    raise Interrupted(number)
