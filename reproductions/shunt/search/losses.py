"""What each window loses: knowledge quotients, measured on the validation split."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from harness.errors import HarnessError
from harness.formats.rows import Row
from reproductions.shunt.search.candidate import Span, as_parts

Blocks = tuple[int, ...]
"""The residual blocks of a window, rising: those that a quotient takes out."""

NO_RESIDUAL = "no residual block"
NOT_MEASURED = "no quotient measured"


@dataclass(frozen=True)
class Losses:
    """The loss of every window that has one, in PARTS, and why the others have none."""

    parts: Mapping[Span, int]
    missing: Mapping[Span, str]


def losses_of(
    quotients: Mapping[Blocks, Fraction],
    residual: Sequence[bool],
    importance: Literal["joint", "sum"],
    without: Literal["refuse"] | float,
) -> Losses:
    """Return the losses of all windows of a network whose blocks are `residual` or not.

    A quotient below zero counts as zero: that a score rises without some blocks shows that they
    hold no knowledge, and must not pay for what other blocks hold. For the joint quotient the
    window's is cut off, for the sum that of each block. The blocks of a window that are not
    residual cannot be taken out and so add nothing, as in the release: what a shunt that stands
    for them loses is told by training alone.
    """
    parts: dict[Span, int] = {}
    missing: dict[Span, str] = {}
    for span in spans(len(residual)):
        blocks = residual_in(span, residual)
        if not blocks and without == "refuse":
            missing[span] = NO_RESIDUAL
        elif not blocks:
            parts[span] = as_parts(float(without))
        else:
            measured = [blocks] if importance == "joint" else [(block,) for block in blocks]
            if any(one not in quotients for one in measured):
                missing[span] = NOT_MEASURED
            else:
                parts[span] = sum(max(0, as_parts(quotients[one])) for one in measured)
    return Losses(parts, missing)


def spans(blocks: int) -> list[Span]:
    """Return every window of a network of `blocks` blocks."""
    return [(first, last) for first in range(blocks) for last in range(first, blocks)]


def residual_in(span: Span, residual: Sequence[bool]) -> Blocks:
    """Return the residual blocks of a window."""
    first, last = span
    return tuple(block for block in range(first, last + 1) if residual[block])


def quotients_of(rows: Iterable[Row], residual: Sequence[bool]) -> dict[Blocks, Fraction]:
    """Return the quotient of each set of residual blocks, averaged over the seeds of `rows`.

    A row has ``first``, ``last``, ``quotient`` and, of several runs, ``seed``; the quotient of a
    window without residual blocks is empty. Windows with the same residual blocks share theirs.

    Raises
    ------
    HarnessError
        Rows tell of blocks that the network has not, contradict each other, or do not all exist
        for the same seeds.
    """
    found: dict[Blocks, dict[int | None, Fraction]] = {}
    for row in rows:
        if row["quotient"] is None:
            continue
        blocks = residual_in(_span(row, len(residual)), residual)
        seed = None if row.get("seed") is None else int(row["seed"] or 0)
        value = _number(row)
        if found.setdefault(blocks, {}).setdefault(seed, value) != value:
            raise HarnessError(
                f"the quotients of {_text(blocks)} differ between rows of one seed ({seed})",
                "give the rows of one measurement of one network",
            )
    found.pop((), None)
    seeds = {seed for values in found.values() for seed in values}
    for blocks, values in found.items():
        if set(values) != seeds:
            raise HarnessError(
                f"the quotient of {_text(blocks)} exists for {len(values)} of {len(seeds)} seeds",
                "measure every window with every seed, or none of it",
            )
    return {blocks: _mean(values.values()) for blocks, values in found.items()}


def _mean(values: Collection[Fraction]) -> Fraction:
    return sum(values, Fraction()) / len(values)


def _number(row: Row) -> Fraction:
    quotient = row["quotient"]
    if isinstance(quotient, int | float):
        return Fraction(quotient)
    raise HarnessError(
        f"the quotient of the blocks {row['first']} to {row['last']} is '{quotient}', no number",
        "measure the knowledge quotients anew; a score of NaN hides a broken network",
    )


def _span(row: Row, blocks: int) -> Span:
    first, last = row["first"], row["last"]
    if isinstance(first, int) and isinstance(last, int) and 0 <= first <= last < blocks:
        return first, last
    raise HarnessError(
        f"a quotient is that of the blocks {first} to {last}; the network has 0 to {blocks - 1}",
        "give the quotients of the network that is searched",
    )


def _text(blocks: Blocks) -> str:
    return f"block {blocks[0]}" if len(blocks) == 1 else f"the blocks {', '.join(map(str, blocks))}"
