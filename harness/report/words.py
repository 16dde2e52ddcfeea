"""Numbers, verdicts and shares in words, the same in the report and on the terminal."""

from __future__ import annotations

from decimal import Decimal

from harness.report.model import ClaimReport, ContextReport, Coverage, Share
from harness.verdict import PERCENT, WORDS, Number, Verdict

NOTHING = "-"
_SYMBOLS = {"count": "", "percent": "%"}


def amount(value: Number | None, unit: str | None) -> str:
    """Return a value with its unit: ``50 x``, ``92.4 %``, ``1,024 byte``."""
    if value is None:
        return NOTHING
    # As many digits as a double holds for certain: numbers that differ look different.
    digits = f"{value:,}" if isinstance(value, int) else f"{value:.15g}"
    symbol = _SYMBOLS.get(unit or "", unit or "")
    return f"{digits} {symbol}".rstrip()


def reported(claim: ClaimReport) -> str:
    """Return what the publication states, in its words of bound: ``up to 24 x``."""
    # In a relation the outcome's unit is the column's; the reported value stands for itself.
    return _bounded(claim, claim.outcome.reported)


def stated(context: ContextReport) -> str:
    """Return what a neighbouring work states, in its words of bound."""
    return _bounded(context, context.value)


def _bounded(said: ClaimReport | ContextReport, value: Number | None) -> str:
    if value is None:
        return said.statement or NOTHING
    number = amount(value, said.unit)
    return number if said.bound == "exactly" else f"{said.bound} {number}"


def reproduced(outcome: Verdict) -> str:
    """Return the reproduced value, and in a relation the one that it is held against."""
    said = amount(outcome.reproduced, outcome.unit)
    if outcome.against is None:
        return said
    return f"{said} against {amount(outcome.against, outcome.unit)}"


def difference(outcome: Verdict) -> str:
    """Return the difference with its sign, and as a share of the reported value.

    Percentages differ by points, and have no share: two signs of percent would be misread.
    """
    if outcome.difference is None:
        return NOTHING
    if not outcome.difference:
        return "0"
    sign = "+" if outcome.difference > 0 else ""
    if outcome.unit == PERCENT:
        return f"{sign}{amount(outcome.difference, 'points')}"
    said = f"{sign}{amount(outcome.difference, outcome.unit)}"
    if not outcome.reported or outcome.against is not None:
        return said
    return f"{said} ({_percentage(outcome.difference, outcome.reported)})"


def _percentage(part: Number, whole: Number) -> str:
    # As decimals: the quotient of two doubles may be larger than any double.
    percent = 100 * Decimal(repr(part)) / abs(Decimal(repr(whole)))
    plain = Decimal("0.01") <= abs(percent) < 10**6
    return f"{percent:+.2f} %" if plain else f"{percent:+.2g} %"


def verdict(outcome: Verdict) -> str:
    """Return the verdict with its reason: ``not verified (needs a camera)``."""
    return f"{outcome.verdict} ({outcome.reason})" if outcome.reason else outcome.verdict


def headline(coverage: Coverage) -> str:
    """Return the coverage of a paper in one sentence."""
    agreeing = share(coverage.agreeing, coverage.total)
    parts = ", ".join(f"{coverage.claims[word]} {word}" for word in WORDS)
    return (
        f"{agreeing} claims agree ({parts}); {_regenerated(coverage.tables)} tables and "
        f"{_regenerated(coverage.figures)} figures are regenerated."
    )


def share(part: int, total: int) -> str:
    """Return ``7 of 12 (58 %)``."""
    return f"{part} of {total} ({100 * part // total} %)" if total else "0 of 0"


def _regenerated(one: Share) -> str:
    return f"{one.reproduced} of {one.total}"
