"""What the harness tells a user who caused, or met, a fault."""

from __future__ import annotations

import re

# A name and a password before the host of an address.
_CREDENTIALS = re.compile(r"(?<=://)[^/\s]*@")


def plain(text: str) -> str:
    """Return `text` as it may be shown: nothing that steers a terminal, and no password.

    What a message quotes (a file's name, a record, a mirror's answer) was written by others.
    Characters that are not printed, marks of the direction of writing among them, appear as
    escapes; a user's name and password in an address as ``…``.
    """
    hidden = _CREDENTIALS.sub("…@", text)
    return "".join(one if one.isprintable() or one == "\n" else _escaped(one) for one in hidden)


def plain_line(text: str) -> str:
    """Return `text` as `plain` does, in one line: ends of lines appear as escapes too."""
    return plain(text).replace("\n", "\\n")


def _escaped(character: str) -> str:
    short = {"\t": "\\t", "\r": "\\r"}.get(character)
    return short or f"\\u{ord(character):04x}"


class HarnessError(Exception):
    """The answer is no: something is invalid, stale, different or missing.

    Parameters
    ----------
    message
        What is wrong and where, in one or more lines.
    remedy
        What the user can do about it.

    The command line prints both without a traceback and exits with `status`.
    """

    status = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = plain(message)
        self.remedy = plain(remedy)

    def __str__(self) -> str:
        return f"{self.message}\n  {self.remedy}" if self.remedy else self.message


class UsageError(HarnessError):
    """The command was called in a way that it does not understand."""

    status = 2
