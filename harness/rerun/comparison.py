"""What a rerun left, against what is committed: every file of every stage, dvc.lock, manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from harness.compiler.target import Target
from harness.errors import HarnessError
from harness.judge import StageOutcome, judge_rerun
from harness.order import needed
from harness.rerun.clone import Clone
from harness.stage.manifest import Entry, output_records, read_manifest
from harness.stage.planned import PlannedStage

Equality = Literal["exact", "exact but for the CPU", "different", "not comparable"]


@dataclass(frozen=True)
class StageComparison:
    """One stage's files after a rerun.

    Parameters
    ----------
    address
        ``paper/stage``.
    files
        How many the committed manifest has.
    outcome
        The word of the stage's class of equality (see `harness.judge`).
    reason
        Why it is not exact.
    different
        The files with other bytes, missing or new ones too.
    """

    address: str
    files: int
    outcome: str
    reason: str
    different: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether the class of equality holds."""
        return self.outcome in ("exact", "within tolerance, other CPU")


@dataclass(frozen=True)
class Comparison:
    """All stages of a rerun in running order, and the committed files that tell of all of them."""

    stages: tuple[StageComparison, ...]
    whole_files: Mapping[str, Equality]

    @property
    def first_different(self) -> StageComparison | None:
        """The first stage whose class of equality does not hold; those after it may follow."""
        return next((stage for stage in self.stages if not stage.good), None)

    @property
    def good(self) -> bool:
        """Whether everything is as its class of equality demands."""
        return self.first_different is None and "different" not in self.whole_files.values()


def committed_entries(clone: Clone, target: Target) -> dict[str, Entry]:
    """Return the committed manifest's entries; HarnessError when there is none."""
    path = _aside(clone, target.path / "manifest.json")
    entries = read_manifest(path)
    if not entries:
        name = path.relative_to(clone.expected)
        raise HarnessError(
            f"{name}: not committed, so there is nothing to compare a rerun with",
            "run `harness repro` and commit what it writes",
        )
    return entries


def compare(
    clone: Clone, target: Target, plans: Sequence[PlannedStage], names: Sequence[str]
) -> Comparison:
    """Hash what lies in a clone after its rerun and compare it with what is committed.

    Parameters
    ----------
    target
        The clone's target.
    plans
        Its stages, each after those that it reads.
    names
        The stages that were asked for; all when empty.
    """
    old = committed_entries(clone, target)
    new = _entries(target, plans, old)
    wanted = {plan.dvc_name for plan in needed(plans, names)}
    outcomes = judge_rerun(list(plans), old, new, clone.expected, clone.tree)
    stages = tuple(
        _stage(plan.dvc_name, outcome, old, new)
        for plan, outcome in zip(plans, outcomes, strict=True)
        if plan.dvc_name in wanted
    )
    same = all(stage.outcome == "exact" for stage in stages)
    return Comparison(stages, _whole_files(clone, target, names, same=same))


def _entries(
    target: Target, plans: Sequence[PlannedStage], old: Mapping[str, Entry]
) -> dict[str, Entry]:
    """What the clone's own manifest says, with every file hashed again."""
    root = target.project.root
    recorded = read_manifest(target.path / "manifest.json")
    entries = {}
    for plan in plans:
        if entry := recorded.get(plan.dvc_name):
            known = old[plan.dvc_name].files if plan.dvc_name in old else {}
            entries[plan.dvc_name] = replace(entry, files=output_records(root, plan, known))
    return entries


def _stage(
    name: str, outcome: StageOutcome, old: Mapping[str, Entry], new: Mapping[str, Entry]
) -> StageComparison:
    before = old[name].digests if name in old else {}
    after = new[name].digests if name in new else {}
    paths = sorted({*before, *after})
    different = tuple(path for path in paths if before.get(path) != after.get(path))
    reason = outcome.reason
    if outcome.outcome == "new":
        reason = "the committed manifest does not have it"
    return StageComparison(outcome.address, len(before), outcome.outcome, reason, different)


def _whole_files(
    clone: Clone, target: Target, names: Sequence[str], *, same: bool
) -> dict[str, Equality]:
    lock, manifest = target.lock, target.path / "manifest.json"
    root = clone.tree
    if names:
        return {}
    if not same:
        # Other bytes of a stage are other digests here: they are told stage by stage.
        left: Equality = "not comparable"
        return {path.relative_to(root).as_posix(): left for path in (lock, manifest)}
    return {
        lock.relative_to(root).as_posix(): _equality(_aside(clone, lock), lock),
        manifest.relative_to(root).as_posix(): _manifests(_aside(clone, manifest), manifest),
    }


def _equality(old: Path, new: Path) -> Equality:
    if not old.exists() or not new.exists():
        return "different"
    return "exact" if old.read_bytes() == new.read_bytes() else "different"


def _manifests(old: Path, new: Path) -> Equality:
    found = _equality(old, new)
    if found == "different" and _without_cpu(old) == _without_cpu(new):
        return "exact but for the CPU"
    return found


def _without_cpu(path: Path) -> dict[str, Entry]:
    return {name: replace(entry, cpu="") for name, entry in read_manifest(path).items()}


def _aside(clone: Clone, path: Path) -> Path:
    return clone.expected / path.relative_to(clone.tree)
