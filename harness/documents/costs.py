"""What each claim costs: the command that remakes it, and the recorded time and memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from harness.costs import Costs
from harness.order import needed
from harness.plan import REPORT
from harness.spec.claim import Claim
from harness.stage.planned import PlannedStage
from harness.stage.progress import duration
from harness.table.escape import markdown

NOT_RECORDED = "not recorded"


@dataclass(frozen=True)
class ClaimCost:
    """One row: a claim, and the addresses of the stages that remake it (None: nothing can)."""

    paper: str
    claim: str
    stages: tuple[str, ...] | None


def claim_costs(plans: Sequence[PlannedStage]) -> Iterator[ClaimCost]:
    """Yield every claim of every paper with the stages that `harness repro` runs for it."""
    report = next(plan for plan in plans if plan.step == REPORT)
    for paper, spec in report.params["papers"].items():
        for name, value in spec.get("claims", {}).items():
            claim = Claim.model_validate(value)
            cells = [cell for cell in (claim.reproduced, claim.against) if cell]
            tables = [f"{paper}-table-{cell.table}" for cell in cells]
            yield ClaimCost(paper, name, upstream(plans, tables) if tables else None)


def upstream(plans: Sequence[PlannedStage], names: Sequence[str]) -> tuple[str, ...]:
    """Return the addresses of the stages that DVC runs for `names`: they and what they read.

    Measuring stages are left out: they keep their records, which costs nothing.
    """
    return _addresses(needed(plans, names))


def table(plans: Sequence[PlannedStage], costs: Costs | None) -> str:
    """Return the table of all claims in Markdown, and what the numbers mean."""
    rows = [("everything", "harness repro", *_told(_addresses(plans), costs))]
    for one in claim_costs(plans):
        command = f"harness repro {one.paper}.{one.claim}" if one.stages else ""
        told = _told(one.stages, costs) if one.stages else ("-", "-")
        rows.append((f"{one.paper}.{one.claim}", command, *told))
    lines = ["| claim | command | time | memory |", "| --- | --- | ---: | ---: |"]
    lines += [
        f"| {markdown(name)} | {f'`{command}`' if command else 'nothing to run'} "
        f"| {time} | {memory} |"
        for name, command, time, memory in rows
    ]
    return "\n".join([*lines, "", _about(plans[0].profile, costs), ""])


def _addresses(plans: Iterable[PlannedStage]) -> tuple[str, ...]:
    return tuple(sorted(plan.address for plan in plans if not plan.measures))


def _told(stages: Sequence[str], costs: Costs | None) -> tuple[str, str]:
    known = costs.stages if costs else {}
    if any(stage not in known for stage in stages):
        return NOT_RECORDED, NOT_RECORDED
    seconds = sum(known[stage].seconds for stage in stages)
    memory = max(known[stage].peak_memory_mb for stage in stages)
    return duration(seconds), f"{memory} MB"


def _about(profile: str, costs: Costs | None) -> str:
    said = f"Profile {profile}, with nothing in the cache."
    if costs:
        cores = "1 core" if costs.cores == 1 else f"{costs.cores} cores"
        said += (
            f" Recorded on {markdown(costs.cpu)}, {cores}. The time is that of the stages, to which"
            " DVC adds about half a second a stage; the memory is that of the largest process."
        )
    return said
