"""What a step of a connector lacks."""

from __future__ import annotations

from typing import TypeVar

from harness.errors import HarnessError

T = TypeVar("T")


class MissingError(HarnessError, ValueError):
    """An input of a step is not there; a ValueError, as in the release."""


def needed(step: str, field: str, value: T | None, remedy: str) -> T:
    """Return `value`, which the method `step` needs; MissingError names the `field` without it."""
    if value is None:
        raise MissingError(f"{step}: the field '{field}' is missing", remedy)
    return value
