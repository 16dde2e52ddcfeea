"""The manifest beside dvc.lock: the digests of every output, and the CPU that it was made on.

A run that gives the same bytes leaves its entry alone, so that the file changes only when an
output does. The standard library alone: the launcher writes it under any Python.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.fault import way_back
from harness.formats import jsonfile
from harness.formats.atomic import write_text
from harness.stage import form
from harness.stage.digest import files_of
from harness.stage.filerecord import FileRecord
from harness.stage.planned import PlannedStage

_ANEW = "delete it and run `harness repro`, which enters the outputs anew"


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
        What is on record of each file, by its path.
    """

    environment: str
    cpu: str
    key: str
    files: Mapping[str, FileRecord]

    @property
    def digests(self) -> dict[str, str]:
        """The SHA-256 of each file, by its path."""
        return {path: record.sha256 for path, record in self.files.items()}

    def as_json(self) -> dict[str, Any]:
        """Return what the manifest holds."""
        files = {path: record.as_json() for path, record in self.files.items()}
        return {"environment": self.environment, "cpu": self.cpu, "key": self.key, "files": files}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Entry:
        """Return the entry that `as_json` wrote."""
        entry = dict(form.mapping(value, "entry"))
        for name in ("environment", "cpu", "key"):
            form.text(entry.get(name), name)
        # Their files are read, and replaced by a repair: none may lie elsewhere.
        files = {
            form.place(path, "files"): FileRecord.from_json(form.mapping(record, path))
            for path, record in form.mapping(entry.get("files"), "files").items()
        }
        return cls(**{**entry, "files": files})


def read_manifest(path: Path) -> dict[str, Entry]:
    """Return the entries by the stages' names in dvc.yaml; none when there is no manifest.

    Raises
    ------
    HarnessError
        The file is damaged, or of an older form.
    """
    if not path.exists():
        return {}
    try:
        value = _value(path)
        if _is_older(value):
            raise HarnessError(f"{path}: of an older form, without sizes and MD5s", _ANEW)
        return {name: Entry.from_json(entry) for name, entry in value.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise HarnessError(f"{path}: damaged: {error!r}", way_back(path, _ANEW)) from error


def _value(path: Path) -> Any:
    try:
        return jsonfile.loads(path.read_bytes(), path.name)
    except HarnessError as error:
        raise ValueError(error.message) from error


def _is_older(value: Mapping[str, Any]) -> bool:
    """Whether files are on record by their SHA-256 alone."""
    files = [record for entry in value.values() for record in entry["files"].values()]
    return any(isinstance(record, str) for record in files)


def output_records(
    root: Path, plan: PlannedStage, known: Mapping[str, FileRecord]
) -> dict[str, FileRecord]:
    """Return the record of every file of every output of a stage, by its path.

    Every file is hashed. A file with the bytes of its record in `known` has that record.
    """
    files = (f for item in plan.outputs.values() for f in files_of(root / item.path))
    paths = {file.relative_to(root).as_posix(): file for file in files if file.is_file()}
    return {path: FileRecord.of(file, known.get(path)) for path, file in paths.items()}


def record_outputs(path: Path, root: Path, plan: PlannedStage, cpu: str, key: str) -> None:
    """Enter a stage's outputs; equal bytes keep the CPU on which they were first made."""
    known = read_manifest(path).get(plan.dvc_name)
    entry = Entry(plan.environment.name, cpu, key, {})
    entry = replace(entry, files=output_records(root, plan, known.files if known else {}))
    with _alone(path):
        entries = read_manifest(path)
        known = entries.get(plan.dvc_name)
        if known is not None and known.digests == entry.digests:
            entry = replace(entry, cpu=known.cpu)
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
    value = {name: entry.as_json() for name, entry in entries.items()}
    write_text(path, json.dumps(value, sort_keys=True, indent=1) + "\n")


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
