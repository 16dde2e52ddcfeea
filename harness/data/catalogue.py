"""The datasets that `specs/dataset/` describes."""

from __future__ import annotations

import json
from pathlib import Path

from harness.errors import HarnessError
from harness.project import Project
from harness.spec import reader
from harness.spec.dataset import Dataset
from harness.spec.files import place
from harness.spec.problem import Problem, SpecErrors
from harness.spec.source import content_of
from harness.spec.translation import faults


def load(path: Path) -> Dataset:
    """Return the dataset that the spec at `path` describes; SpecErrors tells all that is wrong."""
    name = f"specs/dataset/{path.name}"
    content, fault = content_of(path, path.parents[2])
    if fault:
        raise SpecErrors([Problem(name, 0, 0, "", "", fault)])
    document = reader.load(name, content)
    wrong = faults(Dataset, document.tree, lambda at, key=False: place(document, at, key=key))
    if wrong:
        raise SpecErrors(fault.problem for fault in wrong)
    return Dataset.model_validate_json(json.dumps(document.tree))


def names(project: Project) -> list[str]:
    """Return the names of the datasets, sorted."""
    return sorted(path.stem for path in (project.specs / "dataset").glob("*.yaml"))


def find(project: Project, name: str) -> Dataset:
    """Return the dataset `name`; HarnessError lists those that there are."""
    known = names(project)
    if name not in known:
        raise HarnessError(f"there is no dataset '{name}'", f"there are: {', '.join(known)}")
    return load(project.specs / "dataset" / f"{name}.yaml")
