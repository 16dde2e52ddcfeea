"""The paper that the documents add as an example, added and reproduced as they say."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from documents_samples import ROOT, blocks, text

from harness.environment import Environments
from harness.stage.planned import PlannedEnvironment

GUIDE = "docs/adding-a-paper.md"
KEPT = (
    "specs/config.yaml",
    "specs/dataset/digits.yaml",
    "specs/environment/harness.yaml",
    "environments/harness.txt",
    "reproductions/__init__.py",
    ".dvc/config",
    ".dvc/.gitignore",
    ".gitignore",
)
PROFILE = "# @package _global_\nprofile: {name: smoke, rank: 0, says: Small}\npapers: {}\n"


def example_files() -> Mapping[str, str]:
    """Return the files of the example: blocks that begin with a comment that is a path."""
    found = {}
    for name, language in (("README.md", "yaml"), ("README.md", "python"), (GUIDE, "python")):
        for block in blocks(name, language):
            first, _, rest = block.partition("\n")
            found[first.removeprefix("# ")] = rest
    return found


def config_with_example() -> str:
    """Return specs/config.yaml with the guide's line in place of the other papers and data."""
    (line,) = [block for block in blocks(GUIDE, "yaml") if "papers@papers" in block]
    kept = ("environments.harness:", "datasets.digits:")
    lines = [
        old
        for old in text("specs/config.yaml").splitlines(keepends=True)
        if "@" not in old or old.rstrip().split(" ")[3].endswith(kept)
    ]
    return "".join(lines).replace("  - profile: smoke", f"{line}  - profile: smoke")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a project whose only paper is the example."""
    root = tmp_path_factory.mktemp("example")
    shutil.copytree(
        ROOT / "harness", root / "harness", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in KEPT:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    files = {
        **example_files(),
        "specs/config.yaml": config_with_example(),
        "specs/profile/smoke.yaml": PROFILE,
        "reproductions/centroid/__init__.py": "",
    }
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")
    Environments(ROOT).python(
        PlannedEnvironment("harness", "environments/harness.txt", "3.11", "bytes")
    )
    (root / ".harness").mkdir()
    (root / ".harness" / "environments").symlink_to(ROOT / ".harness" / "environments")
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=root, check=True)
    return root


def harness(root: Path, *words: str) -> str:
    """Run a command of the project's own harness; it must end well."""
    variables = {
        **os.environ,
        "PYTHONPATH": str(root),
        "DVC_SITE_CACHE_DIR": str(root / ".harness" / "site-cache"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "harness", *words],
        cwd=root, env=variables, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_example_is_complete() -> None:
    """The documents show every file of the example but the empty one."""
    assert set(example_files()) == {
        "specs/papers/centroid.yaml",
        *(f"reproductions/centroid/{name}.py" for name in ("classify", "params", "steps")),
    }


def test_example_is_as_short_as_promised() -> None:
    """The spec of the example has about twenty lines, its step about ten."""
    files = example_files()

    assert len(files["specs/papers/centroid.yaml"].splitlines()) <= 25
    assert len(files["reproductions/centroid/classify.py"].splitlines()) <= 15


def test_example_is_reproduced_and_agrees(project: Path) -> None:
    """The example validates, compiles and runs, and its claim is within the tolerance."""
    assert harness(project, "validate") == "5 specs, 1 profile: valid\n"
    harness(project, "compile")
    harness(project, "repro")

    (paper,) = json.loads(harness(project, "claims", "--json"))["papers"]
    (claim,) = paper["claims"]
    assert claim["outcome"]["verdict"] == "within tolerance"
    assert paper["coverage"]["claims"]["within tolerance"] == 1


def test_parameters_of_the_example_are_listed(project: Path) -> None:
    """`harness schema --step` tells the example's parameter with its limit and its meaning."""
    page = harness(project, "schema", "--step", "centroid.classify")

    assert "classes  a whole number, at least 2. Classes are numbered from 0. (required)" in page
