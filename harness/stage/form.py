"""The form of values that were read from a file: of this type, of this shape, or ValueError.

The standard library alone, since the launcher reads plans and manifests under any Python.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from harness.stage.place import check_relative

NAME = r"[a-z][a-z0-9_-]{0,199}"
"""Names of profiles, papers, stages, environments: none is a path or looks like an option."""

IDENTIFIER = r"[a-z][a-z0-9_]{0,199}"
"""Names of inputs, outputs and parameters."""


def mapping(value: Any, field: str) -> Mapping[str, Any]:
    """Return `value` when it is a mapping (its keys are text, as JSON's are)."""
    if not isinstance(value, Mapping):
        raise ValueError(f"field '{field}' is not a mapping")  # noqa: TRY004 - a fault of the file, not of the code
    return value


def text(value: Any, field: str, form: str = r"[^\0]*") -> str:
    """Return `value` when it is text of this form, a regular expression for the whole of it."""
    if not isinstance(value, str) or not re.fullmatch(form, value):
        raise ValueError(f"field '{field}' has not the form that the harness writes")
    return value


def texts(value: Any, field: str, form: str = r"[^\0]*") -> tuple[str, ...]:
    """Return the texts of a list, each of this form."""
    return tuple(text(item, field, form) for item in _items(value, field))


def whole_numbers(value: Any, field: str) -> tuple[int, ...]:
    """Return the whole numbers of a list, none of them negative."""
    return tuple(whole_number(item, field) for item in _items(value, field))


def whole_number(value: Any, field: str) -> int:
    """Return `value` when it is a whole number that is not negative."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"field '{field}' is not a whole number from 0 on")
    return value


def flag(value: Any, field: str) -> bool:
    """Return `value` when it is true or false."""
    if not isinstance(value, bool):
        raise ValueError(f"field '{field}' is not true or false")  # noqa: TRY004 - a fault of the file, not of the code
    return value


def place(value: Any, field: str, rooms: tuple[str, ...] = ()) -> str:
    """Return `value` when it is a path inside the project, and in one of `rooms` if there are."""
    path = text(value, field)
    try:
        check_relative(path)
    except ValueError as error:
        raise ValueError(f"field '{field}': {error}") from None
    room, _, rest = path.partition("/")
    if rooms and (room not in rooms or not rest):
        raise ValueError(f"field '{field}': a path here lies in {', '.join(rooms)}")
    return path


def _items(value: Any, field: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"field '{field}' is not a list")  # noqa: TRY004 - a fault of the file, not of the code
    return value
