"""Which stages are stale and why, from dvc.lock and the files, without starting DVC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.compiler.target import Target
from harness.errors import HarnessError
from harness.order import running_order
from harness.stage.digest import dvc_md5
from harness.stage.lock import LockedStage, read_lock
from harness.stage.planned import PlannedStage


@dataclass(frozen=True)
class StageStatus:
    """Whether a stage is up to date: no reason means that it is.

    `changed` are the files and folders that it depends on and that have other bytes than when it
    last ran.
    """

    name: str
    address: str
    reasons: tuple[str, ...]
    changed: tuple[str, ...] = ()

    @property
    def stale(self) -> bool:
        """Whether `dvc repro` would look at the stage again."""
        return bool(self.reasons)


@dataclass
class _Digests:
    """MD5s of the project's paths, each computed once."""

    root: Path
    known: dict[str, str | None] = field(default_factory=dict)

    def __getitem__(self, path: str) -> str | None:
        if path not in self.known:
            self.known[path] = dvc_md5(self.root / path)
        return self.known[path]


def planned_stages(target: Target) -> list[PlannedStage]:
    """Return the compiled stages of a target, every stage after those that it reads.

    Raises
    ------
    HarnessError
        Nothing is compiled there yet.
    """
    plans = [PlannedStage.read(path) for path in sorted(target.plans.glob("*/*.json"))]
    if not plans:
        raise HarnessError(f"{target.path}: nothing is compiled here", "run `harness compile`")
    by_name = {plan.dvc_name: plan for plan in plans}
    order = running_order({plan.dvc_name: list(plan.writers.values()) for plan in plans})
    return [by_name[name] for name in order]


def stage_statuses(target: Target) -> list[StageStatus]:
    """Return the status of every stage, in the order in which they would run."""
    locked = read_lock(target.lock)
    digests = _Digests(target.project.root)
    prefix = f"{target.folder}/" if target.folder else ""
    statuses: dict[str, StageStatus] = {}
    for plan in planned_stages(target):
        reasons = _reasons(plan, locked.get(plan.dvc_name), digests, prefix)
        reasons += _inherited(plan, statuses)
        deps = locked[plan.dvc_name].deps if plan.dvc_name in locked else {}
        changed = tuple(path for path, md5 in deps.items() if digests[path] not in (md5, None))
        statuses[plan.dvc_name] = StageStatus(plan.dvc_name, plan.address, tuple(reasons), changed)
    return list(statuses.values())


def _reasons(
    plan: PlannedStage, locked: LockedStage | None, digests: _Digests, prefix: str
) -> list[str]:
    outputs = [artifact.path for artifact in plan.outputs.values()]
    if locked is None:
        return ["it has never run"]
    planned = f"{prefix}plan/{plan.paper}/{plan.stage}.json"
    inputs = [artifact.path for artifact in plan.inputs.values()]
    needed = [planned, plan.environment.lock, *inputs, *plan.code]
    return [
        *_compare(needed, locked.deps, digests, planned),
        *(f"no longer depends on {path}" for path in locked.deps if path not in needed),
        *_compare_outputs(outputs, locked.outs, digests),
    ]


def _compare(
    paths: list[str], locked: Mapping[str, str], digests: _Digests, planned: str
) -> list[str]:
    reasons = []
    for path in dict.fromkeys(paths):
        if path not in locked:
            reasons.append(f"new dependency: {path}")
        elif digests[path] is None:
            reasons.append(f"missing: {path}")
        elif digests[path] != locked[path]:
            what = "its parameters changed" if path == planned else "changed"
            reasons.append(f"{what}: {path}")
    return reasons


def _compare_outputs(paths: list[str], locked: Mapping[str, str], digests: _Digests) -> list[str]:
    reasons = []
    for path in paths:
        if digests[path] is None:
            reasons.append(f"output missing: {path}")
        elif digests[path] != locked.get(path):
            reasons.append(f"output changed: {path}")
    return reasons


def _inherited(plan: PlannedStage, statuses: Mapping[str, StageStatus]) -> list[str]:
    writers = dict.fromkeys(plan.writers.values())
    stale = [statuses[writer].address for writer in writers if statuses[writer].stale]
    return [f"reads {address}, which is stale" for address in stale]
