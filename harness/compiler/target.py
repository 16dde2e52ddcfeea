"""Where a compilation goes: the project itself, or a folder of its own beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UsageError
from harness.project import Project
from harness.stage.form import NAME
from harness.stage.place import refuse_outside

# What stands in a command of dvc.yaml may hold nothing that a shell gives a meaning.
_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_OWN = frozenset(
    ("artifacts", "data", "device_results", "docs", "environments", "harness", "plan",
     "reproductions", "results", "specs", "tests")
)  # fmt: skip
_OTHER = "name another one, such as profiles/smoke"


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
        if not (project.specs / "profile" / f"{check_profile(profile)}.yaml").is_file():
            known = sorted(path.stem for path in (project.specs / "profile").glob("*.yaml"))
            raise UsageError(f"there is no profile '{profile}'", f"there are {', '.join(known)}")
        return cls.in_folder(project, f"profiles/{profile}")

    @classmethod
    def in_folder(cls, project: Project, folder: str) -> Target:
        """Return the target of a folder that a user names, relative to the project.

        Raises
        ------
        UsageError
            The name is not plain, the folder is one of the project's own, or it lies outside.
        """
        names = folder.strip("/").split("/") if folder else []
        if folder.startswith("/") or not all(_FOLDER.fullmatch(name) for name in names):
            raise UsageError(
                f"--into {folder}: the folder must lie inside the project, and its name be made "
                "of letters, digits, '.', '_' and '-'",
                _OTHER,
            )
        if names and names[0].lower() in _OWN:
            raise UsageError(f"--into {folder}: '{names[0]}' is the project's own folder", _OTHER)
        place = "/".join(names)
        refuse_outside(project.root, place, "--into")
        return cls(project, place)

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
        lines = iter(self.params.read_text(encoding="utf-8", errors="replace").splitlines())
        for line in lines:
            if line == "profile:":
                name = next((x.split(":")[1].strip() for x in lines if "name:" in x), None)
                return check_profile(name, str(self.params)) if name is not None else None
        return None


def check_profile(name: str, origin: str = "--profile") -> str:
    """Return `name` when a profile can be called so, for it becomes part of paths.

    Raises
    ------
    UsageError
        It cannot; the message names `origin`.
    """
    if not re.fullmatch(NAME, name):
        raise UsageError(
            f"{origin}: {name[:60]!r} is not the name of a profile",
            "a profile is called as its file in specs/profile is, such as smoke",
        )
    return name
