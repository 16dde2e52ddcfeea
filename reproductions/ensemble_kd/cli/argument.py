"""What one argument of the command line is, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Fate = Literal["works", "fixed", "noted", "refused"]
"""What happens to an argument that is given.

`works`: it changes the run. `fixed`: what it asks for is what always happens. `noted`: it changes
nothing, in the release neither or on one CPU, and the run says so. `refused`: another value than
the default ends the command with the reason.
"""


@dataclass(frozen=True)
class Argument:
    """One argument.

    Parameters
    ----------
    group
        The heading under which the help shows it.
    flags
        Its names, the first the release's.
    help
        What it does.
    default
        Its value when it is left out; False for a switch.
    kind
        Makes a value of a word; None for a switch.
    choices
        The values that are allowed; empty for all.
    many
        Whether it takes one value or more.
    negatable
        Whether the switch has a second form that begins with ``--no-``.
    required
        Whether a command without it is refused.
    fate
        What happens to it.
    reason
        Why it is refused or without effect.
    remedy
        What to do instead.
    example
        Words that give it another value than the default, for the test that walks the table.
    """

    group: str
    flags: tuple[str, ...]
    help: str
    default: Any = None
    kind: Callable[[str], Any] | None = None
    choices: tuple[Any, ...] = ()
    many: bool = False
    negatable: bool = False
    required: bool = False
    fate: Fate = "works"
    reason: str = ""
    remedy: str = ""
    example: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The field of the parsed arguments."""
        return next(flag for flag in self.flags if flag.startswith("--"))[2:].replace("-", "_")
