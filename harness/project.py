"""The project's folder and the places in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError


@dataclass(frozen=True)
class Project:
    """The folder that holds `specs/config.yaml`, and where everything lies in it."""

    root: Path

    @classmethod
    def find(cls, start: Path | None = None) -> Project:
        """Return the project around `start`, the current folder by default."""
        here = (start or Path.cwd()).absolute()
        for folder in (here, *here.parents):
            if (folder / "specs" / "config.yaml").is_file():
                return cls(folder)
        raise HarnessError(
            f"{here}: no specs/config.yaml here or in a folder above",
            "run the command inside a clone of the project",
        )

    @property
    def specs(self) -> Path:
        """The specs."""
        return self.root / "specs"

    @property
    def state(self) -> Path:
        """What the harness keeps for itself, ignored by git: environments, downloads, logs."""
        return self.root / ".harness"

    @property
    def downloads(self) -> Path:
        """Archives as they were fetched or adopted, by dataset."""
        return self.state / "downloads"
