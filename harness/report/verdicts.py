"""All claims of all papers, judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from harness import verdict
from harness.report import evidence, results
from harness.report.lookup import find
from harness.report.model import (
    ClaimReport,
    ContextReport,
    Coverage,
    Evidence,
    PaperReport,
    Product,
    Report,
    Share,
    Source,
)
from harness.report.params import ReportParams
from harness.report.results import FoundFigure, FoundTable, Results
from harness.spec.claim import Cell, Claim, Context
from harness.spec.paper import Figure, Paper, Publication, Table
from harness.table.conformity import deviation
from harness.table.model import headings
from harness.verdict import WORDS, judge


def evaluate(
    root: Path,
    params: ReportParams,
    failed: Mapping[str, str] | None = None,
    doubts: Mapping[str, str] | None = None,
) -> Report:
    """Judge every claim by what lies in the results folder under `root`.

    Parameters
    ----------
    root
        The project's folder.
    params
        Profile and papers.
    failed
        Why each stage failed, by its address: ``<paper>/<stage>``, ``<paper>/table-<table>`` or
        ``<paper>/figure-<figure>``. What rests on one of them is not verified, whatever an earlier
        run left behind.
    doubts
        Why what a stage left proves nothing now, by its address; as `harness.standing` finds it.
    """
    found = results.in_folder(root, params.profile.name, params.papers)
    return judge_all(found, params, failed or {}, doubts or {})


def judge_all(
    found: Results,
    params: ReportParams,
    failed: Mapping[str, str],
    doubts: Mapping[str, str] | None = None,
) -> Report:
    """Judge every claim by the tables and figures in `found`; see `evaluate`."""
    papers = params.papers.values()
    courts = [_Court(paper, found, params, failed, doubts or {}) for paper in papers]
    return Report(
        version=1,
        profile=params.profile,
        papers=tuple(court.paper_report() for court in courts),
    )


@dataclass(frozen=True)
class _Court:
    """One paper, with all that its claims are judged by."""

    paper: Paper
    found: Results
    params: ReportParams
    failed: Mapping[str, str]
    doubts: Mapping[str, str]

    def paper_report(self) -> PaperReport:
        paper = self.paper
        tables = {name: self.table(name) for name in paper.tables}
        figures = tuple(self.figure(name) for name in paper.figures)
        claims = tuple(self.claim(name, claim, tables) for name, claim in paper.claims.items())
        return PaperReport(
            paper=paper.paper,
            title=paper.title,
            seeds=paper.seeds,
            coverage=_coverage(claims, tables.values(), figures),
            claims=claims,
            tables=tuple(tables.values()),
            figures=figures,
            context=tuple(self.context(name, one) for name, one in paper.context.items()),
        )

    def context(self, name: str, context: Context) -> ContextReport:
        return ContextReport(
            name=name,
            says=context.says,
            value=context.reported.value,
            unit=context.reported.unit,
            statement=context.reported.statement,
            bound=context.reported.bound,
            source=_source(context, self.paper.publications[context.source.publication]),
            differs=context.differs,
        )

    def table(self, name: str) -> Product:
        table = self.paper.tables[name]
        there = self.found.tables[self.paper.paper, name]
        if there.written is not None and (reason := deviation(name, table, there.written)):
            there = replace(there, reason=reason)
        return self.product(name, f"table-{name}", table, there)

    def figure(self, name: str) -> Product:
        figure = self.paper.figures[name]
        there = self.found.figures[self.paper.paper, name]
        return self.product(name, f"figure-{name}", figure, there)

    def product(
        self, name: str, stage: str, spec: Table | Figure, there: FoundTable | FoundFigure
    ) -> Product:
        references = spec.rows if isinstance(spec, Table) else tuple(spec.inputs.values())
        rests_on = evidence.upstream(self.paper, references)
        stages = (*rests_on, stage)
        failure = evidence.failure(self.paper, stages, self.failed)
        reason = failure or evidence.doubt(self.paper, stages, self.doubts) or there.reason
        return Product(
            name=name,
            caption=spec.caption,
            stages=evidence.makers(references),
            seeds=evidence.seeds(self.paper, rests_on),
            sha256=None if reason else there.sha256,
            reason=reason,
        )

    def claim(self, name: str, claim: Claim, tables: Mapping[str, Product]) -> ClaimReport:
        nothing = verdict.Cell()
        return ClaimReport(
            says=claim.says,
            statement=claim.reported.statement,
            bound=claim.reported.bound,
            unit=claim.reported.unit,
            source=_source(claim, self.paper.publications[claim.source.publication]),
            outcome=judge(
                self.paper.paper,
                name,
                claim,
                self.cell(claim.reproduced, tables) if claim.reproduced else nothing,
                against=self.cell(claim.against, tables) if claim.against else None,
                undecided=self.undecided(claim),
            ),
            evidence=self.evidence(name, claim, tables),
            differs=claim.differs,
        )

    def cell(self, cell: Cell, tables: Mapping[str, Product]) -> verdict.Cell:
        if cell.table not in tables:
            return verdict.Cell(reason=f"there is no table '{cell.table}'")
        heads = {head.name: head for head in headings(self.paper.tables[cell.table])}
        reason = tables[cell.table].reason
        there = self.found.tables[self.paper.paper, cell.table]
        return find(cell, FoundTable(None, None, reason) if reason else there, heads)

    def undecided(self, claim: Claim) -> str:
        """Why the profile cannot decide the claim; empty when it can."""
        rank = self.params.ranks.get(claim.decided_from)
        if rank is not None and rank <= self.params.profile.rank:
            return ""
        return f"decided from profile {claim.decided_from} on"

    def evidence(self, name: str, claim: Claim, tables: Mapping[str, Product]) -> Evidence:
        cells = [cell for cell in (claim.reproduced, claim.against) if cell is not None]
        known = [tables[cell.table] for cell in cells if cell.table in tables]
        references = [row for one in known for row in self.paper.tables[one.name].rows]
        rests_on = evidence.upstream(self.paper, references)
        return Evidence(
            table=known[0].name if known else None,
            stages=evidence.makers(references),
            seeds=evidence.seeds(self.paper, rests_on),
            sha256=known[0].sha256 if known else None,
            command=self.command(name) if known else "",
            duration_s=evidence.duration(self.paper, rests_on, self.params.costs),
        )

    def command(self, claim: str) -> str:
        return f"harness repro {self.paper.paper}.{claim} --profile {self.params.profile.name}"


def _coverage(
    claims: Iterable[ClaimReport], tables: Iterable[Product], figures: Iterable[Product]
) -> Coverage:
    words = [claim.outcome.verdict for claim in claims]
    return Coverage(
        claims={word: words.count(word) for word in WORDS},
        total=len(words),
        tables=_share(tables),
        figures=_share(figures),
    )


def _share(products: Iterable[Product]) -> Share:
    reasons = [product.reason for product in products]
    return Share(reproduced=reasons.count(""), total=len(reasons))


def _source(claim: Claim | Context, publication: Publication) -> Source:
    return Source(
        publication=claim.source.publication,
        title=publication.title,
        venue=publication.venue,
        year=publication.year,
        where=claim.source.where,
        certainty=claim.source.certainty,
        link=link(publication),
    )


def link(publication: Publication) -> str:
    """Return the address of a publication, with no character that could end a link."""
    if publication.doi:
        return f"https://doi.org/{quote(publication.doi, safe='/:;.-_')}"
    if publication.arxiv:
        return f"https://arxiv.org/abs/{publication.arxiv}"
    return quote(publication.repository or "", safe="/:?#&=%+.-_~")
