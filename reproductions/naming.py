"""Arrays of several networks in one file, told apart by how their names begin."""

from __future__ import annotations

from collections.abc import Mapping

from harness.formats.arrays import Array


def under(prefix: str, values: Mapping[str, Array]) -> dict[str, Array]:
    """Return `values` under names that start with `prefix` and a dot."""
    return {f"{prefix}.{name}": value for name, value in values.items()}


def within(prefix: str, values: Mapping[str, Array]) -> dict[str, Array]:
    """Return those of `values` that `under` has named with `prefix`, without it."""
    start = f"{prefix}."
    return {
        name.removeprefix(start): value for name, value in values.items() if name.startswith(start)
    }
