"""A problem of a spec: where it is, what is wrong and what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from harness.errors import HarnessError, plain_line

Path = tuple[str | int, ...]
"""Where a value lies in a spec: the keys and indices that lead to it."""

_LONGEST = 60
_CONSIDERED = 600


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong in a spec.

    Parameters
    ----------
    file
        Relative to the project's folder, or `command line` for an override.
    line, column
        Both from 1; 0 when the whole file or an override is meant.
    field
        The path of the value in its file, such as `stages.teacher.params.epochs`.
    value
        The offending value as the author wrote it, shortened; empty when there is none.
    message
        What is wrong, with the value where there is one.
    allowed
        What may stand there; empty when the message says it all.
    """

    file: str
    line: int
    column: int
    field: str
    value: str
    message: str
    allowed: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        field = f" {self.field}:" if self.field else ""
        allowed = f"; allowed: {self.allowed}" if self.allowed else ""
        return f"{place}:{field} {self.message}{allowed}"


class SpecErrors(HarnessError):  # noqa: N818 - it holds many errors, and says so
    """The specs are wrong; `problems` holds every problem that was found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__(render(self.problems), "correct the specs, then run `harness validate`")


def render(problems: Sequence[Problem]) -> str:
    """Return the problems, one a line, and a line that counts them."""
    files = {problem.file for problem in problems}
    count = f"{counted(len(problems), 'problem')} in {counted(len(files), 'file')}"
    return "\n".join([*map(str, problems), count])


def as_json(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Return the problems as plain data."""
    return [asdict(problem) for problem in problems]


def counted(number: int, noun: str) -> str:
    """Return `1 problem`, `3 problems` or `2 entries`."""
    if number != 1:
        noun = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number} {noun}"


def field_name(path: Path) -> str:
    """Return a path as an author would write it: `stages.teacher.params.sizes[2]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{_printable(part)}" if text else _printable(part)
    return text


def shown(value: Any) -> str:
    """Return a value quoted for a message: one short line without control characters."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    if isinstance(value, str):
        return f"'{_printable(value)}'"
    return _printable(str(value))


def _printable(text: str) -> str:
    start = plain_line(text[:_CONSIDERED])
    return start if len(start) <= _LONGEST else start[: _LONGEST - 1] + "…"


def near(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'teacher'?` for the nearest of `known`, or nothing."""
    # Case and separators are what authors confuse most; they should not hide a near miss.
    plain = {_plain(name): name for name in sorted(known)}
    found = difflib.get_close_matches(_plain(word[:200]), list(plain), n=1, cutoff=0.6)
    return f"; did you mean '{plain[found[0]]}'?" if found else ""


def _plain(word: str) -> str:
    return word.lower().replace("-", "_")


def one_of(known: Iterable[str]) -> str:
    """Return what may stand where a name of `known` is wanted."""
    names = sorted(known)
    if not names:
        return "nothing, there is none"
    listed = ", ".join(names[:12])
    return f"{listed}, … ({len(names)} in all)" if len(names) > 12 else listed
