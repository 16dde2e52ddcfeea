"""What a rerun came to: the bytes that were there before against the bytes that are there now."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeGuard

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
    tables' numbers may differ by the environment's tolerance. Both hold as long as no spec, code
    or lock changed, there or upstream.

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
    setting: dict[str, _Setting] = {}
    for plan in plans:
        old, new = before.get(plan.dvc_name), after.get(plan.dvc_name)
        upstream = [setting[writer] for writer in plan.writers.values()]
        setting[plan.dvc_name] = _Setting.of(plan, old, new, upstream)
        outcomes.append(_outcome(plan, old, new, setting[plan.dvc_name], (kept, now)))
    return outcomes


@dataclass(frozen=True)
class _Setting:
    """Why a stage's bytes may be others: its own reasons and those of all that it reads."""

    tolerance: float | None
    other_cpu: bool
    changed: bool

    @classmethod
    def of(
        cls, plan: PlannedStage, old: Entry | None, new: Entry | None, upstream: list[_Setting]
    ) -> _Setting:
        tolerances = [plan.environment.tolerance, *(one.tolerance for one in upstream)]
        moved = changed = False
        if old is not None and new is not None:
            moved = old.cpu != new.cpu
            # A record's bytes follow from nothing: another one is a change, not a difference.
            changed = old.key != new.key or (plan.measures and old.digests != new.digests)
        return cls(
            max((one for one in tolerances if one is not None), default=None),
            moved or any(one.other_cpu for one in upstream),
            changed or any(one.changed for one in upstream),
        )


def _outcome(
    plan: PlannedStage,
    old: Entry | None,
    new: Entry | None,
    setting: _Setting,
    folders: tuple[Path, Path],
) -> StageOutcome:
    if new is None:
        return StageOutcome(plan.address, "different", "it did not end well")
    if old is None:
        return StageOutcome(plan.address, "new")
    was, now = old.digests, new.digests
    changed = sorted(path for path in {*was, *now} if was.get(path) != now.get(path))
    if not changed:
        return StageOutcome(plan.address, "exact")
    if setting.changed:
        return StageOutcome(plan.address, "changed", "its spec, code or inputs are others")
    if setting.tolerance is not None and setting.other_cpu:
        reason = _difference(old, new, setting.tolerance, folders)
        outcome: Outcome = "different" if reason else "within tolerance, other CPU"
        return StageOutcome(plan.address, outcome, reason or f"tolerance {setting.tolerance:g}")
    return StageOutcome(plan.address, "different", f"other bytes: {', '.join(changed)}")


def _difference(old: Entry, new: Entry, tolerance: float, folders: tuple[Path, Path]) -> str:
    kept, now = folders
    before, after = old.digests, new.digests
    for path in sorted({*before, *after}):
        if (path in before) != (path in after):
            return f"{path}: {'missing' if path in before else 'was not there before'}"
        compared = path.endswith(".csv") and (kept / path).exists()
        if not compared or before[path] == after[path]:
            continue
        if reason := table_difference(kept / path, now / path, tolerance):
            return f"{path}: {reason}"
    return ""


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
    if _is_number(one) and _is_number(other):
        return math.isclose(one, other, rel_tol=tolerance, abs_tol=0.0)
    return type(one) is type(other) and one == other  # True is not 1


def _is_number(value: rows.Value) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
