"""Finding what makes a rerun differ: the smallest set of variations that does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TypeVar

Item = TypeVar("Item")


def smallest(
    items: Sequence[Item], differs: Callable[[tuple[Item, ...]], bool]
) -> tuple[Item, ...]:
    """Return a subset that differs, and of which no part that was tried does.

    Delta debugging (Zeller and Hildebrandt 2002): halves first, so that a single culprit among n
    is found in about 2 log2 n trials; then quarters, and what is left without each.

    Parameters
    ----------
    items
        A set that differs.
    differs
        Whether a rerun with these alone differs; asked once for each set.
    """
    known: dict[tuple[Item, ...], bool] = {}

    def tried(part: tuple[Item, ...]) -> bool:
        if part not in known:
            known[part] = differs(part)
        return known[part]

    left, pieces = tuple(items), 2
    while len(left) > 1:
        part = next(filter(tried, _parts(left, pieces)), None)
        rest = None if part or pieces == 2 else next(filter(tried, _rests(left, pieces)), None)
        if part:
            left, pieces = part, 2
        elif rest:
            left, pieces = rest, max(pieces - 1, 2)
        elif pieces < len(left):
            pieces = min(2 * pieces, len(left))
        else:
            break
    return left


def _bounds(length: int, pieces: int) -> Iterator[tuple[int, int]]:
    edges = [length * number // pieces for number in range(pieces + 1)]
    return pairwise(edges)


def _parts(items: tuple[Item, ...], pieces: int) -> Iterator[tuple[Item, ...]]:
    return (items[start:end] for start, end in _bounds(len(items), pieces))


def _rests(items: tuple[Item, ...], pieces: int) -> Iterator[tuple[Item, ...]]:
    return (items[:start] + items[end:] for start, end in _bounds(len(items), pieces))
