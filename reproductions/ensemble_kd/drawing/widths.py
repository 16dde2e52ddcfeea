"""How widths are named and look: the same in every figure that has a series for each."""

from __future__ import annotations

from collections.abc import Iterable

from reproductions.drawing.palette import Look, look


def named(bits: int) -> str:
    """Return what a width is called."""
    return "1 bit" if bits == 1 else f"{bits} bits"


def looks(widths: Iterable[int]) -> dict[int, Look]:
    """Return the look of each width, by rising width: the first is that of the narrowest."""
    return {bits: look(at) for at, bits in enumerate(sorted(set(widths)))}
