"""What the harness tells a user who caused, or met, a fault."""

from __future__ import annotations


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
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n  {self.remedy}" if self.remedy else self.message


class UsageError(HarnessError):
    """The command was called in a way that it does not understand."""

    status = 2
