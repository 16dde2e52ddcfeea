"""The datasets that `specs/dataset/` describes."""

from __future__ import annotations

import json
from pathlib import Path

from harness.errors import HarnessError
from harness.project import Project
from harness.spec.dataset import Dataset


def load(path: Path) -> Dataset:
    """Return the dataset that the spec at `path` describes; HarnessError when it is invalid."""
    import yaml
    from pydantic import ValidationError

    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Dataset.model_validate_json(json.dumps(tree))
    except (OSError, ValueError, TypeError, yaml.YAMLError) as error:
        detail = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise HarnessError(f"{path}: {detail}", "run: harness validate") from error


def names(project: Project) -> list[str]:
    """Return the names of the datasets, sorted."""
    return sorted(path.stem for path in (project.specs / "dataset").glob("*.yaml"))


def find(project: Project, name: str) -> Dataset:
    """Return the dataset `name`; HarnessError lists those that there are."""
    known = names(project)
    if name not in known:
        raise HarnessError(f"there is no dataset '{name}'", f"there are: {', '.join(known)}")
    return load(project.specs / "dataset" / f"{name}.yaml")
