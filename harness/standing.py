"""What the results rest on now: which stages' outputs may be taken as they lie there.

Nothing is taken on trust. A stage stands when it is up to date by dvc.lock and every byte that it
left, read again now, is the one in manifest.json. A claim that rests on any other stage is not
verified, with the reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from harness.compiler.target import Target
from harness.stage.manifest import Entry, output_records, read_manifest
from harness.stage.planned import PlannedStage
from harness.status import StageStatus

Basis = Literal["re-run", "re-hashed", "on trust", "nothing"]
"""How the evidence of a claim was obtained: all of its stages ran now, or were hashed again now,
or not even that; `nothing` when the claim has no cell."""


@dataclass(frozen=True)
class Standing:
    """The stages after a run, or when nothing ran.

    Parameters
    ----------
    entries
        The manifest, with the files of each stage as they lie there now.
    doubts
        Why a stage's outputs prove nothing, by its address: the end of a sentence that begins
        with the stage.
    reran
        The addresses of the stages that ran now.
    """

    entries: Mapping[str, Entry]
    doubts: Mapping[str, str]
    reran: Collection[str] = frozenset()

    @classmethod
    def of(
        cls,
        target: Target,
        plans: Sequence[PlannedStage],
        statuses: Iterable[StageStatus],
        reran: Collection[str] = frozenset(),
    ) -> Standing:
        """Hash every output again and compare it with what is recorded.

        Raises
        ------
        HarnessError
            The manifest is damaged.
        """
        recorded = read_manifest(target.path / "manifest.json")
        entries = {
            plan.dvc_name: _as_it_lies(target, plan, recorded[plan.dvc_name])
            for plan in plans
            if plan.dvc_name in recorded
        }
        stale = {status.name: status.reasons[0] for status in statuses if status.stale}
        doubts = {}
        for plan in plans:
            name = plan.dvc_name
            if doubt := _doubt(stale.get(name), recorded.get(name), entries.get(name)):
                doubts[plan.address] = doubt
        return cls(entries, doubts, reran)

    def basis(self, stages: Collection[str]) -> Basis:
        """Return how the evidence of a claim that rests on `stages` was obtained."""
        if not stages:
            return "nothing"
        if any(stage in self.doubts for stage in stages):
            return "on trust"
        return "re-run" if all(stage in self.reran for stage in stages) else "re-hashed"


def _as_it_lies(target: Target, plan: PlannedStage, entry: Entry) -> Entry:
    return replace(entry, files=output_records(target.project.root, plan, entry.files))


def _doubt(stale: str | None, recorded: Entry | None, now: Entry | None) -> str:
    if stale is not None:
        return f"is stale: {stale}"
    if recorded is None or now is None:
        return "has no entry in manifest.json"
    was, there = recorded.digests, now.digests
    for path in sorted({*was, *there}):
        if path not in there:
            return f"is not whole: {path} is missing"
        if there[path] != was.get(path):
            return f"is not as recorded: {path} has other bytes than in manifest.json"
    return ""
