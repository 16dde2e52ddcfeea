"""What a table or figure was made by: its stages, their seeds, their costs, their failures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.spec.claim import Claim
from harness.spec.paper import Paper
from harness.table.escape import one_line


def upstream(paper: Paper, references: Iterable[str]) -> tuple[str, ...]:
    """Return every stage that `references` rest on, in the order of the spec.

    What is not a stage of the paper, such as a dataset, is left out.
    """
    waiting = [reference.partition(".")[0] for reference in references]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in paper.stages and name not in found:
            found.add(name)
            waiting += [one.partition(".")[0] for one in paper.stages[name].inputs.values()]
    return tuple(name for name in paper.stages if name in found)


def makers(references: Iterable[str]) -> tuple[str, ...]:
    """Return the stages that made `references` themselves."""
    return tuple(dict.fromkeys(reference.partition(".")[0] for reference in references))


def seeds(paper: Paper, stages: Iterable[str]) -> tuple[int, ...]:
    """Return the seeds that `stages` ran for; empty when none ran per seed."""
    return paper.seeds if any(paper.stages[name].per_seed for name in stages) else ()


def duration(paper: Paper, stages: Iterable[str], costs: Mapping[str, float]) -> float | None:
    """Return the recorded seconds of `stages` together, or None when one has no record."""
    keys = [f"{paper.paper}/{name}" for name in stages]
    if not keys or any(key not in costs for key in keys):
        return None
    return round(sum(costs[key] for key in keys), 1)


def rests_on(paper: Paper, claim: Claim) -> tuple[str, ...]:
    """Return the addresses of every stage that a claim's cells rest on, the tables' among them."""
    cells = [cell for cell in (claim.reproduced, claim.against) if cell is not None]
    tables = list(dict.fromkeys(cell.table for cell in cells if cell.table in paper.tables))
    references = [row for name in tables for row in paper.tables[name].rows]
    stages = (*upstream(paper, references), *(f"table-{name}" for name in tables))
    return tuple(f"{paper.paper}/{name}" for name in stages)


def failure(paper: Paper, names: Iterable[str], failed: Mapping[str, str]) -> str:
    """Return why one of the stages `names` failed; empty when none did."""
    for name in names:
        key = f"{paper.paper}/{name}"
        if key in failed:
            why = one_line(failed[key])
            return f"stage {key} failed: {why}" if why else f"stage {key} failed"
    return ""


def doubt(paper: Paper, names: Iterable[str], doubts: Mapping[str, str]) -> str:
    """Return why one of the stages `names` proves nothing now; empty when all of them stand."""
    keys = (f"{paper.paper}/{name}" for name in names)
    return next((f"stage {key} {one_line(doubts[key])}" for key in keys if key in doubts), "")
