"""A reproduction from end to end: compile, run through DVC, judge the bytes and the claims."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.compiler.compile import compile_specs, write
from harness.compiler.stamp import Stamp, outdated
from harness.compiler.target import Target
from harness.environment import Environments
from harness.errors import HarnessError
from harness.formats import jsonfile
from harness.formats.atomic import write_if_changed
from harness.judge import StageOutcome, judge_rerun
from harness.judgement import Judgement, judge_now, report_params, report_stage
from harness.order import needed
from harness.report import markdown, results
from harness.report.model import FILE, Report
from harness.repro import Reproduction, check_pipeline, dvc_targets, expected_seconds, reproduce
from harness.restored import enter_restored
from harness.snapshot import Snapshot
from harness.stage.costlog import read_log
from harness.stage.hold import Hold
from harness.stage.lock import read_lock
from harness.stage.manifest import forget_others, read_manifest
from harness.stage.measurement import record_place
from harness.stage.planned import PlannedEnvironment, PlannedStage
from harness.standing import Standing
from harness.status import StageStatus, planned_stages, stage_statuses


@dataclass(frozen=True)
class Done:
    """What a reproduction came to."""

    judgement: Judgement
    run: Reproduction
    outcomes: tuple[StageOutcome, ...]
    folder: str
    aside: str | None

    @property
    def report(self) -> Report:
        """The verdicts."""
        return self.judgement.report

    @property
    def status(self) -> int:
        """0 when every stage ran, no byte is different and no claim is."""
        different = any(outcome.outcome == "different" for outcome in self.outcomes)
        return int(bool(self.run.status) or different or bool(self.report.status))

    def summary(self) -> Iterator[str]:
        """Yield what a user reads after the claims."""
        yield from self.judgement.lines()
        for address, reason in self.run.failed.items():
            yield f"failed: {address}: {reason}"
        for outcome in self.outcomes:
            if outcome.outcome not in ("exact", "new", "changed"):
                yield f"{outcome.address}: {outcome.outcome}: {outcome.reason}"
        exact = sum(outcome.outcome == "exact" for outcome in self.outcomes)
        if exact:
            yield f"{exact} of {len(self.outcomes)} stages have the recorded bytes"
        if self.aside:
            yield f"the recorded results were kept; this CPU's are in {self.aside}"
        yield f"tables and figures: {self.folder}/   report: {self.folder}/REPORT.md"


@dataclass(frozen=True)
class Reproducing:
    """Reproduces the stages of one target."""

    target: Target
    hold: Hold

    def run(self, words: list[str], profile: str | None) -> Done:
        """Reproduce what `words` mean (everything when empty) and judge it."""
        if not self.target.dvc_yaml.exists():
            self._compile(profile)
        elif outdated(self.target):
            print("note: specs or code changed since `harness compile`", file=sys.stderr)
        # Broken ones are refused before DVC fails on them, or a snapshot keeps them.
        read_lock(self.target.lock)
        read_manifest(self.target.path / "manifest.json")
        plans = planned_stages(self.target)
        check_pipeline(self.target, plans)
        names = dvc_targets(plans, _claims(plans), words)
        if words and not names:
            raise HarnessError(
                f"{', '.join(words)}: no table here answers it",
                "`harness claims` says what each claim needs",
            )
        self._build_environments(plans)
        seconds = expected_seconds(self.target, plans)
        before = Snapshot.take(self.target, plans[0].profile)
        logged = len(self._log(before.profile))
        stale = _wanted(stage_statuses(self.target), plans, names)
        done = reproduce(self.target, stale, seconds, names, self.hold.descriptors)
        return self._conclude(done, names, before, logged)

    def _conclude(
        self, done: Reproduction, names: list[str], before: Snapshot, logged: int
    ) -> Done:
        """Judge what DVC left; `logged` is how many runs the log had before."""
        plans = planned_stages(self.target)  # the planning stage may have written others
        statuses = stage_statuses(self.target)
        _check_done(done, _wanted(statuses, plans, names))
        enter_restored(self.target, plans)
        forget_others(self.target.path / "manifest.json", {plan.dvc_name for plan in plans})
        reran = frozenset(self._log(before.profile)[logged:])
        standing = Standing.of(self.target, plans, statuses, reran)
        run = Reproduction(done.status, _failed(done, statuses))
        outcomes = self._judge(plans, before, standing) if not names else ()
        judgement = self._judgement(plans, before, standing, run.failed)
        if not names:
            self._write(plans, judgement.report)
        aside = None
        if outcomes and _only_other_cpu(outcomes) and not done.status:
            aside = before.put_back().relative_to(self.target.project.root).as_posix()
        before.settle()
        return Done(judgement, run, tuple(outcomes), f"results/{before.profile}", aside)

    def _compile(self, profile: str | None) -> None:
        overrides = (f"profile={profile}",) if profile else ()
        write(self.target, compile_specs(self.target, overrides))
        Stamp.of(self.target, overrides).keep(self.target)

    def _build_environments(self, plans: list[PlannedStage]) -> None:
        root = self.target.project.root
        for environment in needed_environments(root, plans):
            Environments(root).python(environment)

    def _log(self, profile: str) -> list[str]:
        return [run["stage"] for run in read_log(self.target.project.root, profile)]

    def _judge(
        self, plans: list[PlannedStage], before: Snapshot, standing: Standing
    ) -> list[StageOutcome]:
        manifest = self.target.path / "manifest.json"
        old = read_manifest(before.folder / manifest.relative_to(self.target.project.root))
        # What DVC did not run again is hashed again: nothing is called exact on trust.
        root = self.target.project.root
        return judge_rerun(plans, old, standing.entries, before.folder, root)

    def _judgement(
        self,
        plans: list[PlannedStage],
        before: Snapshot,
        standing: Standing,
        failed: Mapping[str, str],
    ) -> Judgement:
        root = self.target.project.root
        place = results.folder(before.folder, before.profile) / FILE
        return judge_now(root, plans, standing, place, failed)

    def _write(self, plans: list[PlannedStage], report: Report) -> None:
        """Write the report where the stage that writes it could not, or wrote another one."""
        root, plan = self.target.project.root, report_stage(plans)
        folder = results.folder(root, plan.profile)
        papers = report_params(plan).papers
        found = results.in_folder(root, plan.profile, papers)
        write_if_changed(folder / FILE, jsonfile.dumps(report.as_json()))
        write_if_changed(folder / "REPORT.md", markdown.dumps(report, found, papers).encode())
        write_if_changed(folder / "coverage.json", jsonfile.dumps(report.metrics()))


def _check_done(done: Reproduction, left: list[StageStatus]) -> None:
    if left and not done.status:
        raise HarnessError(
            "dvc repro ended well, but stages are still stale:\n"
            + "\n".join(f"{stage.address}: {stage.reasons[0]}" for stage in left),
            "if dvc.yaml was changed by hand, run `harness compile`; then run `harness repro`",
        )


def _failed(done: Reproduction, statuses: list[StageStatus]) -> dict[str, str]:
    """The failures of stages that are stale now; an older one may have been mended."""
    stale = {status.address for status in statuses if status.stale}
    failed = {address: why for address, why in done.failed.items() if address in stale}
    if done.status and not failed:
        failed = dict.fromkeys(stale, "dvc repro did not come to it")
    return failed


def _claims(plans: list[PlannedStage]) -> dict[str, tuple[str, ...]]:
    """The table stages that every claim rests on, by ``paper.claim`` and by ``claim``."""
    report = report_stage(plans)
    found: dict[str, tuple[str, ...]] = {}
    for paper, spec in report.params["papers"].items():
        for name, claim in spec.get("claims", {}).items():
            cells = [claim.get("reproduced"), claim.get("against")]
            tables = tuple(f"{paper}-table-{cell['table']}" for cell in cells if cell)
            found[f"{paper}.{name}"] = tables
            found[name] = (*found.get(name, ()), *tables)
    return found


def _wanted(
    statuses: list[StageStatus], plans: list[PlannedStage], names: list[str]
) -> list[StageStatus]:
    """The stale stages that a run of `names` comes to: theirs and those upstream."""
    wanted = {plan.dvc_name for plan in needed(plans, names)}
    return [status for status in statuses if status.stale and status.name in wanted]


def _only_other_cpu(outcomes: list[StageOutcome]) -> bool:
    kinds = {outcome.outcome for outcome in outcomes}
    return "within tolerance, other CPU" in kinds and "different" not in kinds


def needed_environments(root: Path, plans: Sequence[PlannedStage]) -> list[PlannedEnvironment]:
    """Return what the stages run in, each once.

    A measuring stage that has its record keeps it, and runs in nothing.
    """
    kept = (plan.measures and record_place(root, plan).exists() for plan in plans)
    running = [plan for plan, has_record in zip(plans, kept, strict=True) if not has_record]
    return list({plan.environment.name: plan.environment for plan in running}.values())
