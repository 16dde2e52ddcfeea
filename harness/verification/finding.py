"""What a verification found: each thing that is not as recorded, and what hangs on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

Where = Literal["output", "cache", "manifest", "dvc.lock"]
Problem = Literal[
    "missing",
    "empty",
    "truncated",
    "longer",
    "corrupt",
    "swapped",
    "equal content, other bytes",
    "foreign",
    "unfinished",
    "link",
    "folder",
    "special file",
    "unreadable",
    "disagreement",
    "unrecorded",
    "never run",
]
REPAIR = "`harness verify --repair` restores it"


@dataclass(frozen=True)
class Finding:
    """One thing that is not as recorded.

    Parameters
    ----------
    where
        An output in the work tree, an object of DVC's cache, manifest.json or dvc.lock.
    path
        Relative to the project; of a stage without outputs on record its name in dvc.yaml.
    problem
        What is wrong with it, in one word of the field's own.
    detail
        The same in a sentence, with the sizes, digests or names that belong to it.
    stages
        The stages that made it, ``paper/stage``: an object of the cache can have several.
    built_on_it
        The stages that read it, directly or not, in running order.
    remedy
        What to do about it.
    """

    where: Where
    path: str
    problem: Problem
    detail: str
    stages: tuple[str, ...]
    built_on_it: tuple[str, ...]
    remedy: str = REPAIR


@dataclass(frozen=True)
class Verification:
    """What was read, and everything that was not as recorded.

    Parameters
    ----------
    outputs, objects
        How many output files and cache objects were compared.
    bytes_read
        The bytes that were hashed, those of a file with two names once.
    findings
        Outputs in running order, then the cache.
    intact
        A place with whole bytes for each SHA-256 that was seen to be right.
    """

    outputs: int
    objects: int
    bytes_read: int
    findings: tuple[Finding, ...]
    intact: Mapping[str, Path] = field(default_factory=dict, repr=False)

    def as_json(self) -> dict[str, Any]:
        """Return the part that `harness verify --json` prints."""
        return {
            "outputs": self.outputs,
            "objects": self.objects,
            "bytes_read": self.bytes_read,
            "findings": [asdict(finding) for finding in self.findings],
        }
