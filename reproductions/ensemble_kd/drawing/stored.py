"""What must be stored to serve a width, and how accurate it is then."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from harness.errors import HarnessError
from harness.formats.rows import Row
from reproductions.drawing.means import Mean
from reproductions.ensemble_kd.drawing.columns import positive, text, whole
from reproductions.ensemble_kd.drawing.scores import Scored

Bytes = dict[int, float]
"""Bytes by width."""

_ONE = ("store", "shared")
"""Forms of which a network has one row."""


@dataclass(frozen=True)
class Stored:
    """A system at one width: what must be stored to serve it, in bytes, and its accuracy."""

    bits: int
    bytes: float
    accuracy: Mean


@dataclass(frozen=True)
class Whole:
    """What serves several widths: its name and its bytes."""

    label: str
    bytes: float


@dataclass(frozen=True)
class Sizes:
    """Bytes that serve each width: of a model of its own, and of what has shared weights."""

    separate: Bytes
    together: Bytes


def sizes_of(rows: Sequence[Row], network: str) -> Sizes:
    """Return what serves each width of `network`; `rows` are those of the cost count.

    A store of codes serves the widths that are derived from its own; every other is served by the
    shared weights in single precision.

    Raises
    ------
    HarnessError
        The network or one of the forms is not there, or there are two numbers for one.
    """
    own = [row for row in rows if row.get("network") == network]
    if not own:
        names = dict.fromkeys(str(row.get("network")) for row in rows)
        raise HarnessError(
            f"the input `bytes` has no network '{network}'; it has {', '.join(names) or 'no rows'}",
            "name one of its networks in the parameter 'network'",
        )
    separate = _form(own, "float", network) | _form(own, "packed", network)
    ((master, store),) = _form(own, "store", network).items()
    (shared,) = _form(own, "shared", network).values()
    together = {bits: shared if master % bits else store for bits in separate}
    return Sizes(dict(sorted(separate.items())), dict(sorted(together.items())))


def _form(rows: Sequence[Row], form: str, network: str) -> Bytes:
    """Return the bytes of the form by bits of a weight."""
    found: Bytes = {}
    own = [row for row in rows if text(row, "form") == form]
    for row in own:
        found[whole(row, "bits")] = positive(row, "bytes")
    if len(found) != len(own) or not own or (form in _ONE and len(own) > 1):
        raise HarnessError(
            f"the input `bytes` has {len(own)} rows of network '{network}' in the form '{form}'",
            "give it the rows of the cost count, one for each form and width",
        )
    return found


def stored(system: Scored, sizes: Bytes) -> list[Stored]:
    """Return the system at each width that has a size, by rising width."""
    return [
        Stored(bits, sizes[bits], mean) for bits, mean in system.means().items() if bits in sizes
    ]


def wholes(separate: Sequence[Stored], together: Collection[Stored]) -> list[Whole]:
    """Return what serves several widths: stores that do, and all separate models at once."""
    served: dict[float, set[int]] = {}
    for mark in together:
        served.setdefault(mark.bytes, set()).add(mark.bits)
    found = [
        Whole(f"one store, {_widths(sorted(widths))}", size)
        for size, widths in sorted(served.items())
        if len(widths) > 1
    ]
    if len(separate) > 1:
        size = sum(mark.bytes for mark in separate)
        found.append(Whole(f"{len(separate)} separate models", size))
    return found


def _widths(widths: Sequence[int]) -> str:
    *most, last = widths
    return f"{', '.join(map(str, most))} and {last} bits"
