"""The claims and their verdicts on a terminal: aligned, wrapped, coloured where that helps."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import TextIO

from harness.report import words
from harness.report.model import ClaimReport, PaperReport, Report
from harness.table.escape import one_line
from harness.verdict import Word

_HEADS = ("claim", "reported", "reproduced", "tolerance", "verdict")
_TOLERANCE = 3
_ROOM_FOR_TOLERANCE = 90
_GAP = "  "
_NARROWEST = 12
_WIDTH_OF_A_FILE = 120
_COLOURS: Mapping[Word, str] = {
    "exact": "32",
    "within tolerance": "32",
    "different": "31",
    "not verified": "33",
}


def print_report(report: Report, stream: TextIO, environment: Mapping[str, str]) -> None:
    """Print every paper's claims and coverage to `stream`.

    Colours are used only on a terminal and without NO_COLOR in `environment`; the width is the
    terminal's. A character that the stream cannot encode becomes a question mark.
    """
    live = stream.isatty()
    width = shutil.get_terminal_size((_WIDTH_OF_A_FILE, 24)).columns if live else _WIDTH_OF_A_FILE
    text = dumps(report, width, colour=live and not environment.get("NO_COLOR"))
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "replace").decode(encoding))


def dumps(report: Report, width: int, *, colour: bool = False) -> str:
    """Return every paper's claims and coverage, wrapped to `width` columns."""
    return "\n".join(_paper(paper, report.profile.name, width, colour) for paper in report.papers)


def _paper(paper: PaperReport, profile: str, width: int, colour: bool) -> str:
    title = f"{paper.paper}, profile {profile}: {one_line(paper.title)}"
    lines = textwrap.wrap(title, width)
    if paper.claims:
        lines += ["", *_table(paper.claims, width, colour)]
    lines += ["", *textwrap.wrap(words.headline(paper.coverage), width)]
    return "\n".join(lines) + "\n"


def _table(claims: Sequence[ClaimReport], width: int, colour: bool) -> list[str]:
    heads, *body = ([*cells] for cells in (_HEADS, *map(_cells, claims)))
    if width < _ROOM_FOR_TOLERANCE:
        for cells in (heads, *body):
            del cells[_TOLERANCE]
    widths = _fit([max(map(len, column)) for column in zip(heads, *body, strict=True)], width)
    lines = [_line(heads, widths), _line(["-" * one for one in widths], widths)]
    for claim, cells in zip(claims, body, strict=True):
        code = _COLOURS[claim.outcome.verdict] if colour else ""
        lines += _row(cells, widths, code)
    return lines


def _cells(claim: ClaimReport) -> tuple[str, ...]:
    outcome = claim.outcome
    said = (
        outcome.claim,
        words.reported(claim),
        words.reproduced(outcome),
        outcome.tolerance,
        words.verdict(outcome),
    )
    return tuple(one_line(cell) for cell in said)


def _fit(widths: Sequence[int], total: int) -> list[int]:
    """Narrow the widest columns until all fit into `total`; the claims' names come last."""
    name, *others = widths
    room = total - len(_GAP) * len(others)
    while name + sum(others) > room and max(others) > _NARROWEST:
        others[others.index(max(others))] -= 1
    return [max(_NARROWEST, min(name, room - sum(others))), *others]


def _row(cells: Sequence[str], widths: Sequence[int], code: str) -> list[str]:
    wrapped = [textwrap.wrap(cell, width) for cell, width in zip(cells, widths, strict=True)]
    return [_line(parts, widths, code) for parts in zip_longest(*wrapped, fillvalue="")]


def _line(parts: Sequence[str], widths: Sequence[int], code: str = "") -> str:
    padded = [part.ljust(width) for part, width in zip(parts, widths, strict=True)]
    if code and parts[-1]:
        padded[-1] = f"\x1b[{code}m{parts[-1]}\x1b[0m"
    return _GAP.join(padded).rstrip()
