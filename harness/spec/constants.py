"""Constants of a paper: a value that several stages share is written once.

A parameter whose whole value is ``=name`` stands for the entry `name` of the paper's `constants`.
A profile that changes the constant changes every stage that uses it, and no two can disagree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MARK = "="


def constant_name(value: Any) -> str | None:
    """Return the constant that `value` stands for, or None when it stands for itself."""
    return value[1:] if isinstance(value, str) and value.startswith(MARK) else None


def resolved(value: Any, constants: Mapping[str, Any]) -> Any:
    """Return `value` with every ``=name`` in it replaced; an unknown name is left as it is."""
    name = constant_name(value)
    if name is not None:
        return constants.get(name, value)
    if isinstance(value, Mapping):
        return {key: resolved(item, constants) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [resolved(item, constants) for item in value]
    return value


def uses(
    value: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the path and the name of every ``=name`` in `value`."""
    name = constant_name(value)
    if name is not None:
        yield path, name
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from uses(item, (*path, key))
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from uses(item, (*path, number))
