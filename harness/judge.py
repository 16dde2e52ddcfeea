"""What a rerun came to: the bytes that were there before against the bytes that are there now."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.formats import rows
from harness.stage.manifest import Entry
from harness.stage.planned import PlannedStage

Outcome = Literal["exact", "new", "changed", "within tolerance, other CPU", "different"]
"""`new`: there was nothing to compare with. `changed`: its spec, code or inputs are others."""


@dataclass(frozen=True)
class StageOutcome:
    """What became of one stage's outputs."""

    address: str
    outcome: Outcome
    reason: str = ""


def judge_rerun(
    plans: list[PlannedStage],
    before: Mapping[str, Entry],
    after: Mapping[str, Entry],
    kept: Path,
    now: Path,
) -> list[StageOutcome]:
    """Compare the manifests of two runs, stage by stage.

    Bytes of class `bytes` must be equal on any CPU. Bytes of class `fingerprint`, and all that
    is made from them, must be equal on a CPU with the same fingerprint; on another one the
    tables' numbers may differ by the environment's tolerance.

    Parameters
    ----------
    plans
        The stages, each after those that it reads.
    before, after
        The manifests.
    kept, now
        Folders that hold the tables of the two runs under their paths.
    """
    outcomes = []
    tolerance: dict[str, float | None] = {}
    cpus: dict[str, bool] = {}
    for plan in plans:
        name = plan.dvc_name
        own = plan.environment.tolerance
        inherited = [tolerance[writer] for writer in plan.writers.values()]
        tolerance[name] = max((t for t in (own, *inherited) if t is not None), default=None)
        moved = name in before and name in after and before[name].cpu != after[name].cpu
        cpus[name] = moved or any(cpus[writer] for writer in plan.writers.values())
        outcomes.append(
            _outcome(
                plan, before.get(name), after.get(name), tolerance[name], cpus[name], (kept, now)
            )
        )
    return outcomes


def _outcome(
    plan: PlannedStage,
    old: Entry | None,
    new: Entry | None,
    tolerance: float | None,
    other_cpu: bool,
    folders: tuple[Path, Path],
) -> StageOutcome:
    if new is None:
        return StageOutcome(plan.address, "different", "it did not end well")
    if old is None:
        return StageOutcome(plan.address, "new")
    changed = sorted(
        path for path in {*old.files, *new.files} if old.files.get(path) != new.files.get(path)
    )
    if not changed:
        return StageOutcome(plan.address, "exact")
    if tolerance is not None and other_cpu:
        return _on_other_cpu(plan, changed, tolerance, folders)
    if old.key != new.key:
        return StageOutcome(plan.address, "changed", "its spec, code or inputs are others")
    return StageOutcome(plan.address, "different", f"other bytes: {', '.join(changed)}")


def _on_other_cpu(
    plan: PlannedStage, changed: list[str], tolerance: float, folders: tuple[Path, Path]
) -> StageOutcome:
    kept, now = folders
    for path in changed:
        if not path.endswith(".csv") or not (kept / path).exists():
            continue
        if reason := table_difference(kept / path, now / path, tolerance):
            return StageOutcome(plan.address, "different", f"{path}: {reason}")
    return StageOutcome(plan.address, "within tolerance, other CPU", f"tolerance {tolerance:g}")


def table_difference(old: Path, new: Path, tolerance: float) -> str:
    """Return the first cell of two CSV tables that differs too much; "" when none does."""
    before, after = rows.read(old), rows.read(new)
    if len(before) != len(after):
        return f"{len(after)} rows instead of {len(before)}"
    for number, (one, other) in enumerate(zip(before, after, strict=True), start=1):
        if list(one) != list(other):
            return f"row {number} has other columns"
        for column, value in one.items():
            if not _close(value, other[column], tolerance):
                return f"row {number}, {column}: {other[column]} instead of {value}"
    return ""


def _close(one: rows.Value, other: rows.Value, tolerance: float) -> bool:
    numbers = (int, float)
    both = isinstance(one, numbers) and isinstance(other, numbers)
    if not both or isinstance(one, bool) or isinstance(other, bool):
        return one == other
    assert isinstance(one, numbers)
    assert isinstance(other, numbers)
    return math.isclose(one, other, rel_tol=tolerance, abs_tol=0.0)
