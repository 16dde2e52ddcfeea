"""The table of what each claim costs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from documents_samples import ROOT

from harness.compiler.target import Target
from harness.costs import Cost, Costs
from harness.documents.costs import NOT_RECORDED, claim_costs, table, upstream
from harness.project import Project
from harness.stage.planned import PlannedEnvironment, PlannedStage
from harness.status import planned_stages

HERE = PlannedEnvironment("harness", "environments/harness.txt", "3.11", "bytes")
CLAIM = {
    "says": "A sum",
    "source": {"publication": "p", "where": "abstract", "certainty": "abstract"},
    "reported": {"value": 1, "unit": "count"},
}
CELL = {"row": {"name": "a"}, "column": "sum"}


def stage(name: str, *reads: str, device: str | None = None, **params: object) -> PlannedStage:
    """Return a stage of the paper `sums` that reads what other stages wrote."""
    return PlannedStage(
        profile="smoke",
        paper="harness" if name == "report" else "sums",
        stage=name,
        step="harness.report" if name == "report" else "sums.add",
        run="reproductions.sums.add:add",
        environment=HERE,
        inputs={},
        outputs={},
        params=params,
        writers={one: f"sums-{one}" for one in reads},
        device=device,
    )


def plans(**claims: object) -> list[PlannedStage]:
    """Return the stages of a paper with these claims, two tables and a measurement."""
    return [
        stage("numbers"),
        stage("sum", "numbers"),
        stage("speed", "numbers", device="host"),
        stage("table-sums", "sum"),
        stage("table-speeds", "speed"),
        stage("report", papers={"sums": {"claims": claims}}),
    ]


def costs(**seconds: float) -> Costs:
    """Return recorded costs; a stage's memory is ten times its seconds."""
    named = {"report": "harness/report"}
    stages = {
        named.get(name, f"sums/{name.replace('_', '-')}"): Cost(
            seconds=value, peak_memory_mb=round(10 * value)
        )
        for name, value in seconds.items()
    }
    return Costs(cpu="A CPU | of 2026", cores=1, stages=stages)


ALL = {"numbers": 3.0, "sum": 2.0, "table_sums": 1.0, "table_speeds": 1.0, "report": 1.0}
COUNTED = {
    **CLAIM,
    "reproduced": {"table": "sums", **CELL},
    "agrees": {"exact": True},
}
MEASURED = {**COUNTED, "reproduced": {"table": "speeds", **CELL}}


def rows(text: str) -> list[list[str]]:
    """Return the cells of every row of a table in Markdown, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def addresses(found: Sequence[str] | None) -> set[str]:
    """Return the stages without their paper."""
    return {one.partition("/")[2] for one in found or ()}


def test_claim_costs_its_table_and_all_that_it_is_made_of() -> None:
    """The time of a claim is the sum over its stages, the memory that of the largest."""
    everything, claim = rows(table(plans(total=COUNTED), costs(**ALL)))

    assert claim == ["sums.total", "`harness repro sums.total`", "6 s", "30 MB"]
    assert everything == ["everything", "`harness repro`", "8 s", "30 MB"]


def test_measurement_costs_nothing() -> None:
    """A measuring stage keeps its record, so what it measures counts and it does not."""
    (claim,) = claim_costs(plans(fast=MEASURED))

    assert addresses(claim.stages) == {"table-speeds", "numbers"}


def test_relation_costs_both_tables_once() -> None:
    """A claim that compares two cells needs the tables of both; what they share counts once."""
    related = {
        **COUNTED,
        "against": {"table": "speeds", **CELL},
        "agrees": {"relation": "at least"},
    }

    assert rows(table(plans(more=related), costs(**ALL)))[1][2] == "7 s"


def test_claim_that_cannot_be_checked_has_nothing_to_run() -> None:
    """A claim without a cell names no command."""
    row = rows(table(plans(phone={**CLAIM, "needs": "a phone"}), costs(**ALL)))[1]

    assert row == ["sums.phone", "nothing to run", "-", "-"]


def test_a_stage_without_record_leaves_its_claims_open() -> None:
    """A sum with an unknown part is not told, and no other claim suffers from it."""
    partly = costs(**{name: value for name, value in ALL.items() if name != "sum"})

    told = rows(table(plans(total=COUNTED, fast=MEASURED), partly))
    assert [row[2] for row in told] == [NOT_RECORDED, NOT_RECORDED, "4 s"]
    assert rows(table(plans(total=COUNTED), None))[1][2:] == [NOT_RECORDED] * 2


def test_machine_is_named_harmlessly() -> None:
    """The machine that the costs were taken on is told, escaped for Markdown."""
    assert "Recorded on A CPU \\| of 2026, 1 core." in table(plans(), costs(**ALL))


def test_upstream_of_the_committed_pipeline_is_what_dvc_would_run() -> None:
    """For every stage of the project, the stages found are closed under what they read."""
    committed = planned_stages(Target(Project(ROOT)))
    by_name = {plan.dvc_name: plan for plan in committed}
    measuring = {plan.address for plan in committed if plan.measures}
    for plan in committed:
        found = set(upstream(committed, [plan.dvc_name])) | measuring
        for other in committed:
            if other.address in found - measuring:
                reads = {by_name[writer].address for writer in other.writers.values()}
                assert reads <= found
