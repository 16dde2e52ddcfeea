"""What one rerun made and what was found exact, given to the next: only the rest runs there."""

from __future__ import annotations

import shutil

from harness.formats import jsonfile
from harness.rerun.clone import Clone
from harness.stage.lock import read_lock
from harness.stage.manifest import read_manifest
from harness.status import planned_stages


def carry_over(source: Clone, clone: Clone, profile: str | None, upstream: set[str]) -> None:
    """Give a clone what a rerun made and what was found exact, so that only the rest runs.

    Parameters
    ----------
    source
        The clone of the earlier rerun.
    upstream
        The stages that were found exact, by their names in dvc.yaml.
    """
    if not upstream:
        return
    old, new = source.target(profile), clone.target(profile)
    for plan in planned_stages(old):
        if plan.dvc_name not in upstream:
            continue
        for artifact in plan.outputs.values():
            start, end = source.tree / artifact.path, clone.tree / artifact.path
            end.parent.mkdir(parents=True, exist_ok=True)
            if start.is_dir():
                shutil.copytree(start, end, dirs_exist_ok=True)
            else:
                shutil.copyfile(start, end)
    read_lock(old.lock)  # refuses one that is not whole
    kept = _lock_of(old.lock.read_text(encoding="utf-8"), {"plan", *upstream})
    new.lock.write_text(kept, encoding="utf-8")
    entries = read_manifest(old.path / "manifest.json")
    jsonfile.write(
        new.path / "manifest.json",
        {name: entry.as_json() for name, entry in entries.items() if name in upstream},
    )


def _lock_of(text: str, names: set[str]) -> str:
    """Return dvc.lock with the entries of some stages only."""
    kept, keeping = [], True
    for line in text.splitlines(keepends=True):
        if line.startswith("  ") and line[2] not in " -":
            keeping = line.strip().rstrip(":") in names
        if keeping:
            kept.append(line)
    return "".join(kept)
