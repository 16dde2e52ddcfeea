"""What is on record of each stage: its entry in the manifest beside its lines in dvc.lock."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from harness.compiler.target import Target
from harness.stage.filerecord import FileRecord
from harness.stage.lock import LockedStage, read_lock
from harness.stage.manifest import Entry, read_manifest
from harness.stage.planned import Artifact, PlannedStage
from harness.status import planned_stages


@dataclass(frozen=True)
class StageRecord:
    """A stage with what manifest.json and dvc.lock hold of it.

    Parameters
    ----------
    built_on_it
        The addresses of all stages that read it, directly or not, in running order.
    """

    plan: PlannedStage
    locked: LockedStage | None
    entry: Entry | None
    built_on_it: tuple[str, ...]

    def files(self, artifact: Artifact) -> dict[str, FileRecord]:
        """Return the records of the files of one output, by path; none without an entry."""
        if self.entry is None:
            return {}
        return {
            path: record
            for path, record in self.entry.files.items()
            if path == artifact.path or _is_below(path, artifact.path)
        }

    def homeless(self) -> list[str]:
        """Return the paths of the entry that lie in no output of the stage."""
        known = [path for item in self.plan.outputs.values() for path in self.files(item)]
        return sorted(set(self.entry.files if self.entry else ()) - set(known))

    def locked_md5(self, artifact: Artifact) -> str | None:
        """Return what dvc.lock has of an output."""
        return self.locked.outs.get(artifact.path) if self.locked else None

    def agrees(self, artifact: Artifact) -> bool:
        """Whether the manifest and dvc.lock speak of the same bytes."""
        files = {path: record.md5 for path, record in self.files(artifact).items()}
        return md5_of(artifact.path, files) == self.locked_md5(artifact)


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(f"{folder}/") and ".." not in PurePosixPath(path).parts


def read_records(target: Target) -> tuple[list[StageRecord], list[str]]:
    """Return the record of every stage in running order, and the entries that no stage has.

    Raises
    ------
    HarnessError
        Nothing is compiled, or manifest.json or dvc.lock is damaged.
    """
    plans = planned_stages(target)
    locked, manifest = read_lock(target.lock), read_manifest(target.path / "manifest.json")
    readers = _readers(plans)
    records = [
        StageRecord(plan, locked.get(name), manifest.get(name), readers[name])
        for plan in plans
        for name in [plan.dvc_name]
    ]
    return records, sorted(set(manifest) - {plan.dvc_name for plan in plans})


def listing(folder: str, files: Mapping[str, str]) -> bytes:
    """Return the listing that DVC keeps of a folder, from the MD5 of each file by its path."""
    names = sorted(files, key=lambda path: PurePosixPath(path).parts)
    entries = [{"md5": files[name], "relpath": name[len(folder) + 1 :]} for name in names]
    return json.dumps(entries, sort_keys=True).encode()


def md5_of(path: str, files: Mapping[str, str]) -> str | None:
    """Return what dvc.lock has of an output with these files; None when there is no file."""
    if path in files or not files:
        return files.get(path)
    return hashlib.md5(listing(path, files), usedforsecurity=False).hexdigest() + ".dir"


def _readers(plans: list[PlannedStage]) -> dict[str, tuple[str, ...]]:
    upstream: dict[str, set[str]] = {}
    for plan in plans:
        direct = set(plan.writers.values())
        upstream[plan.dvc_name] = direct.union(*(upstream[name] for name in direct))
    return {
        plan.dvc_name: tuple(p.address for p in plans if plan.dvc_name in upstream[p.dvc_name])
        for plan in plans
    }
