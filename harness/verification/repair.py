"""Repair: each finding by the cheapest way that gives the bytes on record.

A copy of whole bytes, wherever they are, comes first; then the last commit of git; then the stage
is run anew, those that it reads before it. What nobody recorded is moved aside. The record itself
is never changed to fit what is there, but for outputs that DVC restored from an earlier run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from harness.compiler.target import Target
from harness.errors import HarnessError
from harness.fault import told
from harness.restored import enter_restored
from harness.stage.filerecord import FileRecord
from harness.stage.manifest import forget_others
from harness.verification.aside import move_aside
from harness.verification.cache import Cache, Object, cache_folder
from harness.verification.finding import Finding, Problem, Verification
from harness.verification.output import see_outputs
from harness.verification.record import StageRecord, read_records
from harness.verification.remaking import Remaking
from harness.verification.restoring import (
    OBJECT_MODE,
    OUTPUT_MODE,
    OtherBytesError,
    Restoring,
)

Way = Literal["moved aside", "copied", "from git", "run anew", "entered", "not repaired"]
_IN_THE_WAY: tuple[Problem, ...] = ("foreign", "unfinished", "link", "folder", "special file")


@dataclass(frozen=True)
class Repair:
    """What became of one finding.

    Parameters
    ----------
    path, problem
        Those of the finding.
    way
        How it was repaired.
    detail
        From where or to where; why not, and what to do, when it was not.
    """

    path: str
    problem: Problem
    way: Way
    detail: str

    def as_json(self) -> dict[str, Any]:
        """Return what `harness verify --repair --json` prints of it."""
        return asdict(self)


def repair(target: Target, found: Verification, descriptors: Sequence[int]) -> list[Repair]:
    """Repair what was found and return what became of each finding.

    The project must be held alone. A kill leaves every file as it was or as it should be.

    Parameters
    ----------
    descriptors
        Of the lock on the project.
    """
    records, _ = read_records(target)
    root = target.project.root
    cache = Cache.see(root, folder := cache_folder(root), see_outputs(root, folder, records))
    repairing = _Repairing(
        target,
        {record.plan.address: record for record in records},
        {cache.shown(item.name): (cache.folder / item.name, item) for item in cache.objects},
        found.intact,
        Restoring(root),
        Remaking(target, descriptors),
    )
    repairing.restoring.clear()
    repairing.all(found.findings)
    return repairing.done


@dataclass
class _Repairing:
    target: Target
    records: Mapping[str, StageRecord]
    objects: Mapping[str, tuple[Path, Object]]
    intact: Mapping[str, Path]
    restoring: Restoring
    remaking: Remaking
    done: list[Repair] = field(default_factory=list)

    def all(self, findings: Sequence[Finding]) -> None:
        """Repair everything: what is in the way first, what has to be run anew last."""
        # A folder goes before what lies in it.
        for finding in sorted(findings, key=lambda finding: finding.path):
            if finding.problem in _IN_THE_WAY or (finding.where == "cache" and not finding.stages):
                self._try(finding, self._move)
        for finding in findings:
            if finding.where == "cache" and finding.path in self.objects:
                self._try(finding, self._object)
            elif finding.where == "output" and self._record(finding):
                self._try(finding, self._output)
        if any(finding.problem == "unrecorded" for finding in findings):
            enter_restored(self.target, [record.plan for record in self.records.values()])
        left = [finding for finding in findings if not self._is_done(finding)]
        self._remake(left)

    def _is_done(self, finding: Finding) -> bool:
        return any((one.path, one.problem) == (finding.path, finding.problem) for one in self.done)

    def _try(self, finding: Finding, way: Callable[[Finding], Repair | None]) -> None:
        try:
            done = way(finding)
        except (HarnessError, OSError) as error:
            done = _not_repaired(finding, error)
        if done:
            self.done.append(done)

    def _move(self, finding: Finding) -> Repair | None:
        root = self.target.project.root
        try:
            place = move_aside(root, root / finding.path)
        except FileNotFoundError:
            return None  # it went with the folder that it lay in
        if finding.problem in _IN_THE_WAY[2:] and finding.stages:
            return None  # the file itself is still to be restored
        return Repair(finding.path, finding.problem, "moved aside", place)

    def _record(self, finding: Finding) -> FileRecord | None:
        entry = self.records[finding.stages[0]].entry if finding.stages else None
        return entry.files.get(finding.path) if entry else None

    def _output(self, finding: Finding) -> Repair | None:
        record = self._record(finding)
        assert record is not None
        place = self.target.project.root / finding.path
        if self._copy(record, place, OUTPUT_MODE):
            return self._copied(finding, record)
        if self.restoring.from_git(finding.path, record):
            return Repair(finding.path, finding.problem, "from git", "the last commit")
        return None

    def _object(self, finding: Finding) -> Repair | None:
        place, item = self.objects[finding.path]
        if item.record is None:
            return None
        if item.content is not None:
            self.restoring.put([item.content], place, item.record, OBJECT_MODE)
            return Repair(finding.path, finding.problem, "copied", "the manifest has what it lists")
        if self._copy(item.record, place, OBJECT_MODE):
            return self._copied(finding, item.record)
        return None

    def _copy(self, record: FileRecord, place: Path, mode: int) -> bool:
        source = self.intact.get(record.sha256)
        if source is None or source == place:
            return False
        try:
            self.restoring.from_file(source, place, record, mode)
        except OtherBytesError:
            return False  # it changed after it was verified
        return True

    def _copied(self, finding: Finding, record: FileRecord) -> Repair:
        source, root = self.intact[record.sha256], self.target.project.root
        inside = source.is_relative_to(root)
        shown = source.relative_to(root).as_posix() if inside else str(source)
        return Repair(finding.path, finding.problem, "copied", shown)

    def _remake(self, findings: Sequence[Finding]) -> None:
        for finding in findings:
            if not finding.stages:
                self._try(finding, self._forget)
        failed: set[str] = set()
        for address, record in self.records.items():
            own = [finding for finding in findings if finding.stages[:1] == (address,)]
            if own:
                self._remake_stage(record, own, failed)

    def _remake_stage(
        self, record: StageRecord, findings: Sequence[Finding], failed: set[str]
    ) -> None:
        if all(finding.problem == "unrecorded" for finding in findings):
            self.done += [Repair(f.path, f.problem, "entered", "manifest.json") for f in findings]
            return
        address = record.plan.address
        try:
            _check_upstream(record, failed)
            self.remaking.check(record)
            for finding in findings:
                if finding.where == "cache":
                    self._clear_place(finding)
            self.remaking.run(record)
        except (HarnessError, OSError) as error:
            failed.add(record.plan.dvc_name)
            self.done += [_not_repaired(finding, error) for finding in findings]
        else:
            self.done += [Repair(f.path, f.problem, "run anew", address) for f in findings]

    def _clear_place(self, finding: Finding) -> None:
        """Move a bad object aside: DVC never replaces one that is there."""
        place, _ = self.objects[finding.path]
        if place.exists():
            move_aside(self.target.project.root, place)

    def _forget(self, finding: Finding) -> Repair | None:
        if finding.where != "manifest":
            return None
        names = {record.plan.dvc_name for record in self.records.values()}
        forget_others(self.target.path / "manifest.json", names)
        return Repair(finding.path, finding.problem, "entered", "manifest.json forgot it")


def _check_upstream(record: StageRecord, failed: set[str]) -> None:
    if upstream := sorted(set(record.plan.writers.values()) & failed):
        raise HarnessError(f"it reads {', '.join(upstream)}, which could not be made")


def _not_repaired(finding: Finding, fault: HarnessError | OSError) -> Repair:
    error = told(fault)
    detail = f"{error.message}; {error.remedy}" if error.remedy else error.message
    return Repair(finding.path, finding.problem, "not repaired", detail)
