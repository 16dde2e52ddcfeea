"""The project itself, in a copy that benchmarks may compile."""

import shutil

import pytest
from stopwatch import python
from synthetic import ROOT

PARTS = ("harness", "reproductions", "specs", "environments", "device_results")


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """Give the project with all of its specs, compiled."""
    root = tmp_path_factory.mktemp("project") / "project"
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
    python(root, "-m", "harness", "compile")()
    return root
