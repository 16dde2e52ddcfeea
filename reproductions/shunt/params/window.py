"""A window: the run of contiguous blocks that a shunt replaces."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, Self

from pydantic import ConfigDict, Field, model_validator

from harness.errors import HarnessError
from harness.steps import Params

_TEXT = re.compile(r"(\d{1,4})(?:-(\d{1,4}))?")


def _from_text(text: str) -> dict[str, int]:
    found = _TEXT.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"a window is written '7-12', or '7' for one block, not '{text}'")
    first, last = found.groups()
    return {"first": int(first), "last": int(last or first)}


def _both_ways(schema: dict[str, Any]) -> None:
    """Let the JSON schema of a window, as an object, have a string beside it."""
    kept: dict[str, Any] = {
        key: schema.pop(key) for key in ("title", "description") if key in schema
    }
    text = {"type": "string", "pattern": rf"^\s*{_TEXT.pattern}\s*$", "examples": ["7-12"]}
    as_object = dict(schema)
    schema.clear()
    schema.update(kept, anyOf=[text, as_object])


class Window(Params):
    """Blocks `first` to `last`, both included, counted from 0 as in the names of the layers.

    A spec writes ``7-12``, ``7`` for one block, or the two numbers by name.
    """

    model_config = ConfigDict(json_schema_extra=_both_ways)

    first: int = Field(ge=0, le=9999)
    last: int = Field(ge=0, le=9999)

    @model_validator(mode="before")
    @classmethod
    def _parse(cls, given: Any) -> Any:
        return _from_text(given) if isinstance(given, str) else given

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.last < self.first:
            raise ValueError(f"the window {self} ends before it begins")
        return self

    @classmethod
    def parse(cls, text: str) -> Window:
        """Return the window that `text` writes; raise ValueError when it writes none."""
        return cls(**_from_text(text))

    @property
    def blocks(self) -> range:
        """The numbers of its blocks."""
        return range(self.first, self.last + 1)

    def overlaps(self, other: Window) -> bool:
        """Whether a block is in both."""
        return self.first <= other.last and other.first <= self.last

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


def windows_of(blocks: int) -> tuple[Window, ...]:
    """Return every window of a network of `blocks` blocks: N (N + 1) / 2, 153 for 17."""
    return tuple(
        Window(first=first, last=last) for first in range(blocks) for last in range(first, blocks)
    )


def check_disjoint(windows: Iterable[Window]) -> tuple[Window, ...]:
    """Return `windows` from the first block to the last; refuse two that share a block."""
    ordered = sorted(windows, key=lambda window: (window.first, window.last))
    for before, after in pairwise(ordered):
        if before.overlaps(after):
            raise HarnessError(
                f"the windows {before} and {after} share block {after.first}",
                "a block is replaced once: give windows without a common block",
            )
    return tuple(ordered)
