"""What was there before a run: the lock, the manifest and the results."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from harness.compiler.target import Target
from harness.formats.atomic import write_text


@dataclass(frozen=True)
class Snapshot:
    """Copies of a target's committed files in the harness's own folder."""

    target: Target
    profile: str

    @classmethod
    def take(cls, target: Target, profile: str) -> Snapshot:
        """Copy what is there now.

        When the last run was ended before it compared what it made with its copies, they are
        taken up instead: what is there now is in part its own, and would be compared with itself.
        They hold for the commit that was there then; without git they are not taken up.
        """
        snapshot = cls(target, profile)
        commit = _commit(target.project.root)
        if commit and snapshot._begun() == commit:
            return snapshot
        snapshot.settle()
        shutil.rmtree(snapshot.folder, ignore_errors=True)
        for path in snapshot.paths():
            _copy(target.project.root / path, snapshot.folder / path)
        write_text(snapshot._marker, commit)
        return snapshot

    def settle(self) -> None:
        """Note that the run was compared with the copies, and the next one makes its own."""
        self._marker.unlink(missing_ok=True)

    @property
    def _marker(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.begun")

    def _begun(self) -> str | None:
        """The commit of the run that made the copies and did not come to compare them."""
        return self._marker.read_text(encoding="utf-8") if self._marker.is_file() else None

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


def _commit(root: Path) -> str:
    """The commit that is checked out; "" where git does not say."""
    command = ["git", "rev-parse", "--verify", "--quiet", "HEAD"]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()


def _copy(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, place)
    elif source.exists():
        shutil.copy2(source, place)
