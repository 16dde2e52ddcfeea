"""REPORT.md: the same bytes for the same report, with no date, host or path in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.report import words
from harness.report.model import ClaimReport, ContextReport, PaperReport, Product, Report
from harness.report.results import FoundTable, Results
from harness.spec.paper import Paper
from harness.stage.progress import duration
from harness.table.csv import Written
from harness.table.escape import from_csv, markdown
from harness.table.markdown import grid, head
from harness.table.model import Heading, headings
from harness.verdict import WORDS

_DIGITS = 12
_PLATFORM = (
    "The bytes are claimed for Linux on x86-64 CPUs with AVX2; what stages of an environment of "
    "class `fingerprint` made, for CPUs with the recorded fingerprint."
)
_WORDS = (
    "Verdicts: **exact**, the numbers are equal; **within tolerance**, the declared tolerance or "
    "relation holds; **different**, it does not; **not verified**, nobody could check, for the "
    "reason given below the claims."
)
_RULE = (
    "Numbers are compared as the tables print them, in decimal arithmetic; a difference of exactly "
    "the tolerance is within it. Words such as *up to* are the publication's and widen nothing. "
    "After each source stands how sure it is: a printed table, an abstract, the released code, or "
    "derived from those by arithmetic."
)
_CONTEXT = (
    "Numbers of others, of something alike and not the same. They are no claims of this paper, "
    "have no verdict and do not count for the coverage."
)


def dumps(report: Report, found: Results, papers: Mapping[str, Paper]) -> str:
    """Return the report as Markdown; tables and figures are shown where `found` has them."""
    parts = [
        f"# Reproduction report, profile {markdown(report.profile.name)}",
        markdown(report.profile.says),
        _PLATFORM,
        _WORDS,
        _RULE,
        "## Coverage",
        _coverage(report.papers),
    ]
    for one in report.papers:
        parts += _paper(one, papers[one.paper], found)
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def _coverage(papers: Sequence[PaperReport]) -> str:
    heads = ["Paper", "Claims", *(word.capitalize() for word in WORDS), "Tables", "Figures"]
    body = [
        [
            markdown(one.paper),
            str(one.coverage.total),
            *(words.share(one.coverage.claims[word], one.coverage.total) for word in WORDS),
            words.share(one.coverage.tables.reproduced, one.coverage.tables.total),
            words.share(one.coverage.figures.reproduced, one.coverage.figures.total),
        ]
        for one in papers
    ]
    return grid(heads, body, [False] + [True] * (len(heads) - 1))


def _paper(report: PaperReport, paper: Paper, found: Results) -> Iterator[str]:
    yield f"## {markdown(report.paper)}: {markdown(report.title)}"
    yield f"**{words.headline(report.coverage)}**"
    yield f"Seeds: {', '.join(map(str, report.seeds))}."
    if report.claims:
        yield "### Claims"
        yield _claims(report.claims)
        yield "### Evidence"
        yield _evidence(report.claims)
    yield from _different(report)
    yield from _unverified(report)
    if report.context:
        yield "### Context: what neighbouring works state"
        yield _CONTEXT
        yield _context(report.context)
    if report.tables:
        yield "### Tables"
    for table in report.tables:
        there = found.tables[report.paper, table.name]
        yield from _table(table, there, headings(paper.tables[table.name]))
    if report.figures:
        yield "### Figures"
    for figure in report.figures:
        yield from _figure(report.paper, figure)


def _claims(claims: Sequence[ClaimReport]) -> str:
    heads = ["Claim", "Source", "Reported", "Reproduced", "Difference", "Tolerance", "Verdict"]
    body = [
        [
            f"**{markdown(claim.outcome.claim)}**: {markdown(claim.says)}",
            _source(claim),
            markdown(words.reported(claim)),
            markdown(words.reproduced(claim.outcome)),
            markdown(words.difference(claim.outcome)),
            markdown(claim.outcome.tolerance),
            f"**{claim.outcome.verdict}**",
        ]
        for claim in claims
    ]
    return grid(heads, body, [False] * len(heads))


def _context(statements: Sequence[ContextReport]) -> str:
    heads = ["Neighbour's statement", "Source", "Reported", "What is different there"]
    body = [
        [
            f"**{markdown(one.name)}**: {markdown(one.says)}",
            _source(one),
            markdown(words.stated(one)),
            markdown(one.differs),
        ]
        for one in statements
    ]
    return grid(heads, body, [False] * len(heads))


def _source(claim: ClaimReport | ContextReport) -> str:
    source = claim.source
    label = markdown(f"{source.venue}, {source.year}")
    return f"[{label}]({source.link}), {markdown(source.where)} ({markdown(source.certainty)})"


def _evidence(claims: Sequence[ClaimReport]) -> str:
    heads = [
        "Claim",
        "Table",
        "Made by stage",
        "Seeds",
        "SHA-256 of the table",
        "Command",
        "Recorded time",
    ]
    body = []
    for claim in claims:
        shown = claim.evidence
        seconds = shown.duration_s
        body.append(
            [
                markdown(claim.outcome.claim),
                markdown(shown.table or words.NOTHING),
                markdown(", ".join(shown.stages) or words.NOTHING),
                ", ".join(map(str, shown.seeds)) or words.NOTHING,
                f"`{shown.sha256[:_DIGITS]}`" if shown.sha256 else words.NOTHING,
                f"`{shown.command}`" if shown.command else words.NOTHING,
                words.NOTHING if seconds is None else duration(seconds),
            ]
        )
    return grid(heads, body, [False] * len(heads))


def _different(report: PaperReport) -> Iterator[str]:
    lines = [
        f"- {markdown(claim.outcome.claim)}: {markdown(claim.outcome.reason)}"
        for claim in report.claims
        if claim.outcome.verdict == "different" and claim.outcome.reason
    ]
    lines += [
        f"- {markdown(claim.outcome.claim)} agrees, and the spec says why it differs: "
        f"{markdown(claim.differs or '')}"
        for claim in report.claims
        if claim.surprises and claim.differs is not None
    ]
    if lines:
        yield "### Different, and why"
        yield "\n".join(lines)


def _unverified(report: PaperReport) -> Iterator[str]:
    lines = [
        f"- {markdown(claim.outcome.claim)}: {markdown(claim.outcome.reason)}"
        for claim in report.claims
        if claim.outcome.verdict == "not verified"
    ]
    lines += [
        f"- {kind} {markdown(one.name)}: {markdown(one.reason)}"
        for kind, products in (("table", report.tables), ("figure", report.figures))
        for one in products
        if one.reason
    ]
    if lines:
        yield "### Not verified, and why"
        yield "\n".join(lines)


def _table(product: Product, there: FoundTable, heads: Sequence[Heading]) -> Iterator[str]:
    yield f"#### {markdown(product.name)}"
    if product.reason or there.written is None:
        yield f"Not shown: {markdown(product.reason)}"
        return
    yield markdown(product.caption)
    yield _grid(there.written, {head.name: head for head in heads})
    yield f"{_made_by(product)}, SHA-256 `{(product.sha256 or '')[:_DIGITS]}`"


def _grid(written: Written, known: Mapping[str, Heading]) -> str:
    heads = [known.get(name) or Heading(name, name) for name in written.columns]
    body = [[markdown(from_csv(row[name])) for name in written.columns] for row in written.rows]
    right = [_numeric([row[name] for row in written.rows]) for name in written.columns]
    return grid([head(one) for one in heads], body, right)


def _numeric(cells: Sequence[str]) -> bool:
    return any(cell.lstrip("-")[:1].isdecimal() for cell in cells)


def _figure(paper: str, product: Product) -> Iterator[str]:
    yield f"#### {markdown(product.name)}"
    if product.reason:
        yield f"Not shown: {markdown(product.reason)}"
        return
    caption = markdown(product.caption)
    yield f"![{caption}]({paper}/{product.name}/{product.name}.svg)"
    yield caption
    yield f"{_made_by(product)}, SHA-256 of the SVG `{(product.sha256 or '')[:_DIGITS]}`"


def _made_by(product: Product) -> str:
    seeds = f", seeds {', '.join(map(str, product.seeds))}" if product.seeds else ""
    return f"Made by {markdown(', '.join(product.stages))}{seeds}"
