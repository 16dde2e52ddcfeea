"""The verdict on one claim: a pure comparison, with a reason where it is not plain.

The first line that fits decides. `cell` is the reproduced cell; in a relation it is either cell.

===============================================  ==============================================
the claim names what it `needs`                  not verified: that reason
the profile ranks below `decided_from`           not verified: decided from that profile on
no cell that counts (see `harness.report`)       not verified: that reason
an empty cell, text, true or false               not verified: no number
no unit, or a unit of another kind               not verified: the units
a cell is NaN or infinite                        different: it was made, and is no such number
`exact`: equal numbers / others                  exact / different
`relative`, `absolute`: equal / within / beyond  exact / within tolerance / different
`relation`: holds, with its margin / does not    within tolerance / different
===============================================  ==============================================

Numbers are compared as the table prints them, rounded half to even to the column's `digits`:
what is judged is what a reader sees, and anyone can check it with a pencil. Nothing is rounded
again. The comparison is of exact rationals of decimal forms: 50 equals 50.0, -0.0 equals 0, a
difference of exactly the tolerance is within it, and no binary rounding decides. A unit is
converted by its exact factor. A share of a reported 0 is 0 and allows nothing; a share of a
negative value is one of its size.

A `bound` such as "up to 24 x" or "about 24 x" tells how the publication words it and widens
nothing: the reproduced value is held against 24 x, with the declared tolerance. A relation has no
reported number that it could equal, so it is never "exact"; an infinite cell satisfies none,
since no measurement is infinite. No argument of `judge` can widen a tolerance.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal, Self

from pydantic import model_validator

from harness.conversion import factor
from harness.spec.base import Identifier, Name, Spec
from harness.spec.claim import Agreement, Claim
from harness.spec.unit import COUNT
from harness.table.escape import one_line

Word = Literal["exact", "within tolerance", "different", "not verified"]
WORDS: tuple[Word, ...] = ("exact", "within tolerance", "different", "not verified")

Number = int | float
PERCENT = "percent"

# As tables write numbers (`harness.formats.rows`): "007" and "+5" are text there, and here.
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?(e[+-]?[0-9]{1,3})?", re.IGNORECASE)
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
# Exponents beyond which a text is no quantity, whatever the unit it is converted to: what is
# larger may overflow a double, and what is smaller is not even one.
_SMALLEST, _LARGEST = -400, 270
# Characters of a number: more than any that a table writes.
_LONGEST = 700


@dataclass(frozen=True)
class Cell:
    """What a table holds where a claim looks: the cell's text, or the reason why there is none.

    A reason beside a text means that the value is there and counts for nothing.
    """

    text: str = ""
    unit: str | None = None
    reason: str = ""


class Verdict(Spec):
    """The answer to one claim. Numbers are in `unit`, the reported one's (or the column's)."""

    paper: Identifier
    claim: Name
    verdict: Word
    reason: str
    reported: Number | None
    reproduced: Number | None
    against: Number | None
    difference: Number | None
    tolerance: str
    unit: str | None

    @model_validator(mode="after")
    def _reason_where_not_verified(self) -> Self:
        if self.verdict == "not verified" and not self.reason:
            raise ValueError("a claim that is not verified has a reason")
        return self


@dataclass(frozen=True)
class _Values:
    """Both sides of a comparison in one unit, as far as they are known.

    `scale` is what a value in the column's unit is multiplied by to be in that unit.
    """

    reproduced: Fraction | None = None
    reference: Fraction | None = None
    scale: Fraction = Fraction(1)

    @property
    def difference(self) -> Fraction | None:
        """Reproduced minus reported, or minus the other cell in a relation."""
        if self.reproduced is None or self.reference is None:
            return None
        return self.reproduced - self.reference


class _NoNumberError(Exception):
    """There is nothing to compare."""


class _NotFiniteError(Exception):
    """The number is NaN or infinite."""


def judge(
    paper: str,
    name: str,
    claim: Claim,
    cell: Cell,
    *,
    against: Cell | None = None,
    undecided: str = "",
) -> Verdict:
    """Return the verdict on `claim`.

    Parameters
    ----------
    paper, name
        Whose claim it is, and its key.
    claim
        What is stated, and its tolerance.
    cell, against
        The cells under the claim's `reproduced` and `against`.
    undecided
        Why this profile cannot decide the claim; empty when it can.
    """
    values = _Values()
    try:
        values = _values(claim, cell, against)
        word, reason = _compare(claim, values)
    except _NotFiniteError as fault:
        word, reason = "different", str(fault)
    except _NoNumberError as fault:
        word, reason = "not verified", str(fault)
    if word == "different":
        reason = reason or claim.differs or ""
    blocked = claim.needs or undecided or _reason(cell, against)
    if blocked:
        word, reason = "not verified", blocked
    related = _is_relation(claim)
    return Verdict(
        paper=paper,
        claim=name,
        verdict=word,
        reason=reason,
        reported=claim.reported.value,
        reproduced=_maybe(values.reproduced),
        against=_maybe(values.reference) if related else None,
        difference=_maybe(values.difference),
        tolerance=tolerance_text(claim, cell.unit),
        unit=cell.unit if related else claim.reported.unit,
    )


def tolerance_text(claim: Claim, unit: str | None) -> str:
    """Return the declared tolerance in words; `unit` is the column's."""
    agrees = claim.agrees
    if agrees is None:
        return "none declared"
    if agrees.exact:
        return "none: equal numbers"
    if agrees.relative is not None:
        return f"± {_plain(100 * _fraction(agrees.relative))} % of the reported value"
    if agrees.absolute is not None:
        return f"± {_amount(agrees.absolute, unit)}"
    margin = f", give or take {_amount(agrees.margin, unit)}" if agrees.margin else ""
    return f"{agrees.relation} the other cell{margin}"


def number(value: Fraction) -> Number:
    """Return `value` as the integer that it is, or as the nearest double (beyond them, integer)."""
    if value.denominator == 1:
        return value.numerator
    try:
        return float(value)
    except OverflowError:
        return round(value)


def _reason(cell: Cell, against: Cell | None) -> str:
    return cell.reason or (against.reason if against is not None else "")


def _values(claim: Claim, cell: Cell, against: Cell | None) -> _Values:
    """Both sides in one unit: the reported value's or, in a relation, the column's."""
    made = _decimal(cell)
    if not _is_relation(claim):
        scale = _scale(cell.unit, claim.reported.unit)
        value = claim.reported.value
        reference = None if value is None else _fraction(value)
        return _Values(_finite(made, "the reproduced value") * scale, reference, scale)
    other = against or Cell(reason="there is no cell to compare with")
    held = _decimal(other)
    scale = _scale(other.unit, cell.unit)
    return _Values(_finite(made, "the reproduced value"), _finite(held, "the other cell") * scale)


def _is_relation(claim: Claim) -> bool:
    return claim.agrees is not None and claim.agrees.relation is not None


def _decimal(cell: Cell) -> Decimal:
    """The number in a cell, which may be NaN or infinite."""
    if cell.reason and not cell.text:
        raise _NoNumberError(cell.reason)
    if not cell.text:
        raise _NoNumberError("the cell is empty")
    if _NOT_FINITE.fullmatch(cell.text):
        return Decimal(cell.text)
    short = len(cell.text) <= _LONGEST
    if not short or not _NUMBER.fullmatch(cell.text) or not _in_range(Decimal(cell.text)):
        raise _NoNumberError(f"the cell holds no number: '{one_line(cell.text[:80])[:40]}'")
    return Decimal(cell.text)


def _finite(value: Decimal, what: str) -> Fraction:
    if not value.is_finite():
        raise _NotFiniteError(f"{what} is {value}")
    return Fraction(value)


def _in_range(value: Decimal) -> bool:
    return not value or _SMALLEST <= value.adjusted() <= _LARGEST


def _scale(unit: str | None, to: str | None) -> Fraction:
    if unit == to:
        return Fraction(1)
    if unit is None or to is None:
        raise _NoNumberError(f"the column has {_named(unit)}, the other value {_named(to)}")
    try:
        return factor(unit, to)
    except ValueError as error:
        raise _NoNumberError(f"the units do not compare: {error}") from error


def _compare(claim: Claim, values: _Values) -> tuple[Word, str]:
    difference, reference, agrees = values.difference, values.reference, claim.agrees
    if agrees is None or difference is None or reference is None:
        raise _NoNumberError("no tolerance is declared")
    if agrees.relation is not None:
        lead = difference if agrees.relation == "at least" else -difference
        holds = lead >= -_fraction(agrees.margin)
        return ("within tolerance", "") if holds else ("different", f"not {agrees.relation}")
    if not difference:
        return "exact", ""
    if abs(difference) <= _allowed(agrees, reference, values.scale):
        return "within tolerance", ""
    return "different", ""


def _allowed(agrees: Agreement, reference: Fraction, scale: Fraction) -> Fraction:
    if agrees.relative is not None:
        return _fraction(agrees.relative) * abs(reference)
    return _fraction(agrees.absolute or 0) * scale


def _maybe(value: Fraction | None) -> Number | None:
    return None if value is None else number(value)


def _fraction(value: Number) -> Fraction:
    return Fraction(repr(value))


def _plain(value: Fraction) -> str:
    return repr(number(value))


def _amount(value: Number, unit: str | None) -> str:
    """A difference with its unit: 5 percent of 90 percent is not 5 points."""
    points = "point" if value == 1 else "points"
    said = {PERCENT: points, COUNT: ""}.get(unit or "", unit or "")
    return f"{_plain(_fraction(value))} {said}".rstrip()


def _named(unit: str | None) -> str:
    return "no unit" if unit is None else f"the unit '{unit}'"
