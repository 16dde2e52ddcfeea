"""The scratch folder of a running stage: staged outputs and checkpoints, kept over a kill.

The folder's name holds a digest of all that determines the outputs. What a run left behind is
taken up by an equal run only; anything else is removed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from harness.formats.atomic import write_text
from harness.stage.digest import file_digest, sha256
from harness.stage.planned import PlannedStage

_DONE = "done.json"


def run_key(plan: PlannedStage, inputs: dict[str, str], root: Path) -> str:
    """Return the digest of a stage's plan, inputs, environment lock and code."""
    files = {path: file_digest(root / path, "sha256") for path in plan.code}
    lock = file_digest(root / plan.environment.lock, "sha256")
    content = json.dumps([plan.to_json(), inputs, files, lock], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Scratch:
    """The scratch folder of one stage for one key."""

    folder: Path

    @classmethod
    def open(cls, scratch: Path, plan: PlannedStage, key: str) -> Scratch:
        """Return the folder for `key`, having removed what other runs of the stage left."""
        home = scratch / plan.profile / plan.dvc_name
        home.mkdir(parents=True, exist_ok=True)
        for other in home.iterdir():
            if other.name != key:
                shutil.rmtree(other, ignore_errors=True)
        return cls(home / key)

    def of_seed(self, seed: int | None) -> Path:
        """The folder of one seed's run."""
        return self.folder / ("once" if seed is None else f"seed-{seed}")

    def remove(self) -> None:
        """Remove the folder; the stage has ended well."""
        shutil.rmtree(self.folder.parent, ignore_errors=True)


def staging(folder: Path) -> Path:
    """Where a run writes its outputs."""
    return folder / "staging"


def checkpoint(folder: Path) -> Path:
    """Where a run writes its checkpoint."""
    return folder / "checkpoint.safetensors"


def refusal(folder: Path) -> Path:
    """Where a run that refuses its inputs or parameters says why."""
    return folder / "refused.txt"


def mark_done(folder: Path) -> None:
    """Note that the outputs under `folder` are whole, with their digests."""
    digests = {path.name: sha256(path) for path in sorted(staging(folder).iterdir())}
    write_text(folder / _DONE, json.dumps(digests))


def is_done(folder: Path) -> bool:
    """Whether an earlier run finished here and its outputs are still what it wrote."""
    try:
        digests = json.loads((folder / _DONE).read_text())
        return all(sha256(staging(folder) / name) == digest for name, digest in digests.items())
    except (OSError, ValueError):
        return False
