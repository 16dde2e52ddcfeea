"""Systems as points of multiply-adds and accuracy, and choices of the search as those of loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import HarnessError
from harness.formats.rows import Row, Value
from reproductions.drawing.means import Mean

ORIGINAL = "original"
"""What chose the network without shunts."""
PLAIN = "none"
"""What was distilled where nothing was."""


@dataclass(frozen=True)
class Mark:
    """One point of the picture: a system that was trained in one way, averaged over its seeds.

    `chosen_by` is "search", "hand" or, for the network without shunts, ORIGINAL; `distillation`
    is PLAIN where nothing was distilled; `accuracy` and its sample standard `deviation` are in
    percent.
    """

    system: str
    windows: str
    chosen_by: str
    distillation: str
    macs: int
    accuracy: float
    deviation: float


@dataclass(frozen=True)
class Foreseen:
    """A choice of the search, or one by hand: what it costs, and the loss that is foreseen."""

    chosen_by: str
    macs: int
    loss: float


def marks_of(rows: Sequence[Row], choices: Sequence[Row]) -> list[Mark]:
    """Return a mark for each system and distillation of `rows`, the original first.

    A row has ``system``, ``windows``, ``distillation``, ``macs``, ``score`` and, of several
    runs, ``seed``. `choices` of the search say which systems it chose; one without windows is the
    original.

    Raises
    ------
    HarnessError
        There is no original, or nothing to compare it with; or the rows of one system disagree.
    """
    by_search = {row["system"] for row in choices if row["chosen_by"] == "search"}
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((str(row["system"]), str(row["distillation"] or PLAIN)), []).append(row)
    marks = [_mark(*key, own, by_search) for key, own in found.items()]
    originals = [mark for mark in marks if mark.chosen_by == ORIGINAL]
    if len(originals) != 1 or len(marks) < 2:
        raise HarnessError(
            f"the picture of accuracy needs one network without shunts and one with them or more; "
            f"it has {len(originals)} without and {len(marks) - len(originals)} with",
            "give the rows of one original, whose column 'windows' is empty, and of its systems",
        )
    return originals + [mark for mark in marks if mark.chosen_by != ORIGINAL]


def _mark(system: str, distillation: str, rows: Sequence[Row], by_search: set[Value]) -> Mark:
    said = {(row["windows"] or "", row["macs"]) for row in rows}
    if len(said) > 1:
        raise HarnessError(
            f"the rows of system '{system}' do not agree on its windows and multiply-adds",
            "give every system a name of its own",
        )
    (windows, macs), = said  # fmt: skip
    accuracy = Mean.of([float(row["score"] or 0) for row in rows])
    chosen_by = "search" if system in by_search else "hand"
    return Mark(
        system,
        str(windows),
        chosen_by if windows else ORIGINAL,
        distillation,
        int(macs or 0),
        accuracy.value,
        accuracy.deviation,
    )


def front_of(front: Sequence[Row]) -> list[Foreseen]:
    """Return the front of a search for multiply-adds, by rising multiply-adds and falling loss."""
    found = [
        Foreseen("search", int(row["macs"] or 0), float(row["total_loss"] or 0))
        for row in front
        if row["metric"] == "macs"
    ]
    if not found:
        raise HarnessError(
            "the picture of accuracy needs the front of a search for multiply-adds",
            "give the search a budget with 'metric: macs'",
        )
    return sorted(found, key=lambda one: one.macs)


def foreseen_of(choices: Sequence[Row], names: Sequence[str]) -> list[Foreseen]:
    """Return the systems `names` of the rows of a search, those without a known loss left out."""
    # The rows of a system tell the same: there is one for each window and, by hand, each metric.
    found = {
        row["system"]: Foreseen(
            str(row["chosen_by"]), int(row["macs"] or 0), float(row["total_loss"] or 0)
        )
        for row in choices
        if row["system"] in names and row["window"] and row["total_loss"] is not None
    }
    return list(found.values())
