"""Evidence that stages give their bytes on other CPUs: one committed record a CPU."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.errors import HarnessError
from harness.fault import way_back
from harness.formats import jsonfile
from harness.spec.base import Digest, Spec
from harness.stage.digest import file_digest
from harness.stage.manifest import Entry

FOLDER = "evidence/cpu"

# The bytes are what is committed; that today's code gives them there too was not tried.
_OLDER = "by an earlier state of its spec or code, with these bytes"


class EmulatedFile(Spec):
    """One output file as the emulated CPU made it."""

    sha256: Digest
    equal: bool


class EmulatedStage(Spec):
    """One stage on an emulated CPU.

    Parameters
    ----------
    date
        The day on which it ended, YYYY-MM-DD.
    emulator
        With its version.
    host_cpu, host_fingerprint
        The machine that emulated.
    environment, lock
        Where it ran, and the SHA-256 of that environment's lock.
    key
        The stage's key in the manifest: of its plan, lock and code.
    seconds
        What it took, all seeds together.
    """

    date: str
    emulator: str
    host_cpu: str
    host_fingerprint: str
    environment: str
    lock: Digest
    key: str
    seconds: float
    files: Mapping[str, EmulatedFile]

    @property
    def equal(self) -> bool:
        """Whether every file had the bytes of the manifest of its time."""
        return all(file.equal for file in self.files.values())


class CpuEvidence(Spec):
    """All stages that ran on one emulated CPU, by ``profile/paper/stage``."""

    cpu: str
    vendor: str
    family: str
    model: str
    features: list[str]
    fingerprint: str
    stages: Mapping[str, EmulatedStage]

    def merged(self, newer: CpuEvidence) -> CpuEvidence:
        """Return this evidence with the newer in place of the same stages' and no other."""
        return newer.model_copy(update={"stages": {**self.stages, **newer.stages}})


@dataclass(frozen=True)
class Standing:
    """Whether a piece of evidence still says something of the present results.

    Parameters
    ----------
    reason
        Why it says nothing of them any more, or that they differ; "" when it holds.
    remark
        What a reader should know of evidence that holds.
    """

    cpu: str
    stage: str
    reason: str
    remark: str = ""


def read_all(root: Path) -> list[CpuEvidence]:
    """Return the evidence of every CPU; HarnessError names a record that is damaged."""
    return [read(path) for path in sorted((root / FOLDER).glob("*.json"))]


def read(path: Path) -> CpuEvidence:
    """Return the evidence in one record."""
    try:
        return CpuEvidence.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise HarnessError(f"{path}: no record of evidence: {error}", way_back(path)) from error


def add(root: Path, newer: CpuEvidence) -> Path:
    """Merge evidence into the record of its CPU and return the record's path."""
    path = root / FOLDER / f"{newer.cpu}.json"
    merged = read(path).merged(newer) if path.exists() else newer
    jsonfile.write(path, merged.model_dump(mode="json"))
    return path


def standings(
    root: Path, evidence: list[CpuEvidence], profile: str, manifest: Mapping[str, Entry]
) -> Iterator[Standing]:
    """Compare evidence with the present manifest of a profile, stage by stage."""
    for one in evidence:
        for name, stage in one.stages.items():
            of, _, address = name.partition("/")
            if of == profile:
                entry = manifest.get(address.replace("/", "-", 1))
                older = entry is not None and stage.key != entry.key
                remark = _OLDER if older else ""
                yield Standing(one.cpu, name, _reason(root, stage, entry), remark)


def _reason(root: Path, stage: EmulatedStage, entry: Entry | None) -> str:
    if entry is None:
        return "stale: the manifest has no such stage any more"
    lock = root / "environments" / f"{stage.environment}.txt"
    if not lock.is_file() or file_digest(lock, "sha256") != stage.lock:
        return f"stale: the lock of environment '{stage.environment}' is another now"
    emulated = {path: file.sha256 for path, file in stage.files.items()}
    present = entry.digests
    paths = sorted({*emulated, *present})
    other = [path for path in paths if emulated.get(path) != present.get(path)]
    return f"different: {', '.join(other)}" if other else ""


def as_json(standing: Standing) -> dict[str, Any]:
    """Return a standing as JSON values."""
    return {"cpu": standing.cpu, "stage": standing.stage, "reason": standing.reason,
            "remark": standing.remark}  # fmt: skip
