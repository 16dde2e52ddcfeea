"""The manifest beside dvc.lock: the SHA-256 of every output, and the CPU that it was made on.

A run that gives the same bytes leaves its entry alone, so that the file changes only when an
output does. The standard library alone: the launcher writes it under any Python.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.stage.digest import file_digest, files_of
from harness.stage.planned import PlannedStage


@dataclass(frozen=True)
class Entry:
    """One stage's outputs.

    Parameters
    ----------
    environment
        The environment that it runs in.
    cpu
        The fingerprint of the CPU on which these bytes were first made.
    key
        The digest of the stage's plan, lock and code; with those of the stages that it reads it
        determines the bytes.
    files
        The SHA-256 of each file, by its path.
    """

    environment: str
    cpu: str
    key: str
    files: Mapping[str, str]


def read_manifest(path: Path) -> dict[str, Entry]:
    """Return the entries by the stages' names in dvc.yaml; none when there is no manifest."""
    if not path.exists():
        return {}
    try:
        return {name: Entry(**entry) for name, entry in json.loads(path.read_bytes()).items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise HarnessError(
            f"{path}: damaged: {error}", "restore it with `git checkout -- manifest.json`"
        ) from error


def output_digests(root: Path, plan: PlannedStage) -> dict[str, str]:
    """Return the SHA-256 of every file of every output of a stage, by its path."""
    files = (f for item in plan.outputs.values() for f in files_of(root / item.path))
    return {
        file.relative_to(root).as_posix(): file_digest(file, "sha256")
        for file in files
        if file.is_file()
    }


def record_outputs(path: Path, root: Path, plan: PlannedStage, cpu: str, key: str) -> None:
    """Enter a stage's outputs; equal bytes keep the CPU on which they were first made."""
    files = output_digests(root, plan)
    with _alone(path):
        entries = read_manifest(path)
        known = entries.get(plan.dvc_name)
        first = known.cpu if known is not None and dict(known.files) == files else cpu
        entry = Entry(plan.environment.name, first, key, files)
        if entry != known:
            _write(path, {**entries, plan.dvc_name: entry})


def forget_others(path: Path, names: set[str]) -> None:
    """Remove the entries of stages that are no more."""
    with _alone(path):
        entries = read_manifest(path)
        kept = {name: entry for name, entry in entries.items() if name in names}
        if kept != entries:
            _write(path, kept)


def _write(path: Path, entries: Mapping[str, Entry]) -> None:
    value: dict[str, Any] = {
        name: {**asdict(entry), "files": dict(entry.files)} for name, entry in entries.items()
    }
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(json.dumps(value, sort_keys=True, indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


class _alone:  # noqa: N801 - reads as a word in `with`
    """One process at a time changes the manifest."""

    def __init__(self, path: Path) -> None:
        folder = path.parent / ".dvc" if (path.parent / ".dvc").is_dir() else path.parent
        self._path = folder / "tmp" / "manifest.lock"

    def __enter__(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self._file.close()
