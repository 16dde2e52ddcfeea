"""The claims judged by what lies there now, with how the evidence was obtained."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.plan import REPORT
from harness.recorded import Change, changes, last_recorded
from harness.report.evidence import rests_on
from harness.report.model import Report
from harness.report.params import ReportParams
from harness.report.verdicts import evaluate
from harness.stage.planned import PlannedStage
from harness.standing import Basis, Standing


@dataclass(frozen=True)
class Judgement:
    """A report and what it rests on.

    Parameters
    ----------
    report
        The verdicts.
    basis
        How the evidence was obtained, by ``paper.claim``. It depends on the run, so it is printed
        and never written into the committed verdicts: those are the same on every rerun.
    changes
        What the claims said otherwise when they were last recorded.
    """

    report: Report
    basis: Mapping[str, Basis]
    changes: tuple[Change, ...] = ()

    def of_paper(self, paper: str) -> Judgement:
        """Return the judgement of one paper."""
        papers = tuple(one for one in self.report.papers if one.paper == paper)
        return replace(
            self,
            report=self.report.model_copy(update={"papers": papers}),
            basis={name: one for name, one in self.basis.items() if name.startswith(f"{paper}.")},
            changes=tuple(change for change in self.changes if change.paper == paper),
        )

    def lines(self) -> Iterator[str]:
        """Yield what a user reads under the claims."""
        yield from map(str, self.changes)
        counts = [(words, _count(self.basis, basis)) for basis, words in _WORDS.items()]
        said = ", ".join(f"{count} {words}" for words, count in counts if count)
        if said:
            yield f"evidence of the claims: {said}"

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON, with the basis of each claim and what has changed."""
        said = [
            {"claim": f"{one.paper}.{one.claim}", "what": one.what, "was": one.was, "now": one.now}
            for one in self.changes
        ]
        return {**self.report.as_json(), "basis": dict(self.basis), "changes": said}


_WORDS: Mapping[Basis, str] = {
    "re-run": "made anew in this run",
    "re-hashed": "hashed again and as recorded",
    "on trust": "not re-checked, so not verified",
}


def report_stage(plans: list[PlannedStage]) -> PlannedStage:
    """Return the stage that writes the report."""
    return next(plan for plan in plans if plan.step == REPORT)


def report_params(plan: PlannedStage) -> ReportParams:
    """Return what the report of the stage `plan` is about."""
    return ReportParams.model_validate_json(json.dumps(plan.params))


def judge_now(
    root: Path,
    plans: list[PlannedStage],
    standing: Standing,
    before: Path,
    failed: Mapping[str, str] | None = None,
) -> Judgement:
    """Judge every claim by the tables that lie in the results folder.

    Parameters
    ----------
    root
        The project's folder.
    plans
        All stages.
    standing
        What of their outputs may be taken as it is.
    before
        The verdicts before the run, to compare with where no commit holds any.
    failed
        Why stages failed in this run, by address.
    """
    plan = report_stage(plans)
    params = report_params(plan)
    report = evaluate(root, params, failed, standing.doubts)
    basis = {
        f"{paper.paper}.{name}": standing.basis(rests_on(paper, claim))
        for paper in params.papers.values()
        for name, claim in paper.claims.items()
    }
    old = last_recorded(root, plan.profile, before)
    return Judgement(report, basis, changes(old, report) if old else ())


def _count(basis: Mapping[str, Basis], wanted: Basis) -> int:
    return sum(one == wanted for one in basis.values())
