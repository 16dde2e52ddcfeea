"""Systems as points of bytes and accuracy, those that none betters, and how to divide the axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from harness.formats.rows import Row, Value
from reproductions.drawing.means import Mean

_BREAK = 1.5
"""Neighbours that are further apart than this factor are drawn on both sides of a break."""

_KINDS = ("partition", "training", "distilled")
"""Columns of a score that tell systems of the same networks apart."""


@dataclass(frozen=True)
class Mark:
    """One point of the picture: a system, averaged over its seeds.

    `kilobytes` are the weights of its largest node, `accuracy` and its sample standard
    `deviation` are in percent.
    """

    series: str
    label: str
    kilobytes: float
    accuracy: float
    deviation: float


def marks_of(scores: Mapping[str, Sequence[Row]]) -> list[Mark]:
    """Return a mark for each system of `scores`, which hold the score rows of named inputs.

    A series has the name of its input, and further words where an input holds several kinds.
    """
    return [mark for name, rows in scores.items() for mark in _marks(name.replace("_", " "), rows)]


def _marks(name: str, rows: Sequence[Row]) -> list[Mark]:
    systems: dict[tuple[Value, ...], list[Row]] = {}
    for row in rows:
        key = tuple(row[column] for column in ("network", *_KINDS, "students"))
        systems.setdefault(key, []).append(row)
    varied = [column for column in _KINDS if len({row[column] for row in rows}) > 1]
    return [_mark(_series(name, seeds[0], varied), seeds) for seeds in systems.values()]


def _series(name: str, row: Row, varied: Sequence[str]) -> str:
    words = [name, str(row["network"])]
    for column in varied:
        value = row[column]
        said = column if value else f"not {column}"
        words.append(said if isinstance(value, bool) else f"{column} {value}")
    return ", ".join(words)


def _mark(series: str, seeds: list[Row]) -> Mark:
    accuracy = Mean.of([float(row["accuracy"] or 0) for row in seeds])
    students = int(seeds[0]["students"] or 0)
    # Seeds cut other communities, so their bridges differ by a few bytes.
    bytes_ = fmean(float(row["bytes"] or 0) for row in seeds)
    return Mark(
        series,
        f"N = {students}" if students > 1 else str(seeds[0]["network"]),
        round(bytes_ / 1000, 3),
        accuracy.value,
        accuracy.deviation,
    )


def front(marks: Sequence[Mark]) -> list[Mark]:
    """Return the marks that no other betters, by rising bytes.

    One mark betters another when it has no more bytes and no less accuracy, and is not its equal
    in both.
    """
    best = [mark for mark in marks if not any(_betters(other, mark) for other in marks)]
    return sorted(best, key=lambda mark: (mark.kilobytes, mark.accuracy))


def _betters(one: Mark, other: Mark) -> bool:
    better_or_equal = one.kilobytes <= other.kilobytes and one.accuracy >= other.accuracy
    return better_or_equal and (one.kilobytes, one.accuracy) != (other.kilobytes, other.accuracy)


def steps(best: Sequence[Mark], end: float) -> list[tuple[float, float]]:
    """Return the corners of the front: the best accuracy that a number of kB buys, up to `end`."""
    corners = [(best[0].kilobytes, best[0].accuracy)]
    for cheap, dear in pairwise(best):
        corners += [(dear.kilobytes, cheap.accuracy), (dear.kilobytes, dear.accuracy)]
    return [*corners, (end, best[-1].accuracy)]


def panels(marks: Sequence[Mark]) -> list[list[Mark]]:
    """Return the marks by rising bytes, in two lists where the widest gap is worth a break.

    Of marks with the same bytes the best comes first, so that, drawn side by side, none seems to
    be cheaper than the one that betters it.
    """
    ordered = sorted(marks, key=lambda mark: (mark.kilobytes, -mark.accuracy))
    ratios = [large.kilobytes / small.kilobytes for small, large in pairwise(ordered)]
    if not ratios or max(ratios) < _BREAK:
        return [ordered]
    cut = ratios.index(max(ratios)) + 1
    return [ordered[:cut], ordered[cut:]]
