"""Canonical names of values, and the check that values are a network's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.errors import HarnessError
from harness.formats.arrays import Array

_PREFIXES = ("arg:", "aux:")
_SHOWN = 12


def canonical(values: Mapping[str, Array], path: Path) -> dict[str, Array]:
    """Return `values` without the prefixes that MXNet's export gives to names.

    Raises
    ------
    HarnessError
        Two arrays of the file `path` have the same name but for the prefix.
    """
    found: dict[str, Array] = {}
    for name, value in values.items():
        start = next((prefix for prefix in _PREFIXES if name.startswith(prefix)), "")
        plain = name.removeprefix(start)
        if plain in found:
            raise HarnessError(
                f"{path}: '{plain}' is there twice, with 'arg:' or 'aux:' before it and without",
                "export the network anew, into a file of its own",
            )
        found[plain] = value
    return found


def check_names(
    values: Mapping[str, Array], wanted: Mapping[str, tuple[int, ...]], place: str
) -> None:
    """Do nothing when `values` have the names and shapes that are `wanted`.

    Raises
    ------
    HarnessError
        Some are missing, left over or of another shape; the message lists them, and says that
        they are of `place`.
    """
    missing = sorted(wanted.keys() - values.keys())
    extra = sorted(values.keys() - wanted.keys())
    shaped = [
        f"{name} {tuple(values[name].shape)} instead of {wanted[name]}"
        for name in sorted(wanted.keys() & values.keys())
        if tuple(values[name].shape) != wanted[name]
    ]
    found = {"missing": missing, "left over": extra, "of another shape": shaped}
    said = [f"  {what}: {_listed(names)}" for what, names in found.items() if names]
    if said:
        message = "\n".join([f"{place}: the values are not of this network", *said])
        raise HarnessError(message, "give the network, quantisation and widths of the training")


def _listed(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
