"""Where a compilation goes: the project itself, or a folder of its own beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.project import Project


@dataclass(frozen=True)
class Target:
    """A folder that holds dvc.yaml, dvc.lock, params.yaml and plan/.

    Parameters
    ----------
    project
        The project.
    folder
        Relative to the project with forward slashes; "" for the project itself, which keeps the
        profile that is committed.
    """

    project: Project
    folder: str = ""

    @classmethod
    def of_profile(cls, project: Project, profile: str | None) -> Target:
        """Return the target of a profile: the project when it holds that one, or no profile."""
        if profile is None or profile == cls(project).profile():
            return cls(project)
        return cls(project, f"profiles/{profile}")

    @property
    def path(self) -> Path:
        """The folder itself."""
        return self.project.root / self.folder

    @property
    def dvc_yaml(self) -> Path:
        """The pipeline."""
        return self.path / "dvc.yaml"

    @property
    def lock(self) -> Path:
        """What DVC recorded of the last run."""
        return self.path / "dvc.lock"

    @property
    def params(self) -> Path:
        """The composed tree."""
        return self.path / "params.yaml"

    @property
    def plans(self) -> Path:
        """The planned stages."""
        return self.path / "plan"

    def profile(self) -> str | None:
        """The profile that is compiled here, or None before the first compilation."""
        if not self.params.is_file():
            return None
        lines = iter(self.params.read_text(encoding="utf-8").splitlines())
        for line in lines:
            if line == "profile:":
                return next((x.split(":")[1].strip() for x in lines if "name:" in x), None)
        return None
