"""What was there before a run: the lock, the manifest and the results."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from harness.compiler.target import Target


@dataclass(frozen=True)
class Snapshot:
    """Copies of a target's committed files in the harness's own folder."""

    target: Target
    profile: str

    @classmethod
    def take(cls, target: Target, profile: str) -> Snapshot:
        """Copy what is there now."""
        snapshot = cls(target, profile)
        shutil.rmtree(snapshot.folder, ignore_errors=True)
        for path in snapshot.paths():
            _copy(target.project.root / path, snapshot.folder / path)
        return snapshot

    @property
    def folder(self) -> Path:
        """Where the copies lie, under the paths that they have in the project."""
        return self.target.project.state / "before" / self.profile

    def paths(self) -> list[str]:
        """What is copied, relative to the project."""
        prefix = f"{self.target.folder}/" if self.target.folder else ""
        return [f"{prefix}dvc.lock", f"{prefix}manifest.json", f"results/{self.profile}"]

    def put_back(self) -> Path:
        """Restore the copies; return the folder to which what they replace was moved."""
        root = self.target.project.root
        aside = self.target.project.state / "other-cpu" / self.profile
        shutil.rmtree(aside, ignore_errors=True)
        for path in self.paths():
            if not (self.folder / path).exists():
                continue
            _copy(root / path, aside / path)
            if (root / path).is_dir():
                shutil.rmtree(root / path)
            _copy(self.folder / path, root / path)
        return aside


def _copy(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, place)
    elif source.exists():
        shutil.copy2(source, place)
