"""A project of its own, with the toy paper and the harness that is tested."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOY = ROOT / "tests" / "toy"


@dataclass(frozen=True)
class Sources:
    """The sources of a project, nothing compiled yet."""

    root: Path

    def python(self, *words, folder="", **variables):
        """Run this Python in a folder of the project; it must succeed. Return what it prints."""
        own = {"PATH": os.environ["PATH"], "PYTHONPATH": str(self.root), **variables}
        done = subprocess.run(
            [sys.executable, *words], cwd=self.root / folder, env=own,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def compile(self, **options):
        """Compile, and return what the command prints."""
        return self.python("-m", "harness", "compile", **options)

    def clean(self):
        """Remove everything that compiling has written."""
        for folder in ("plan", ".harness"):
            shutil.rmtree(self.root / folder)
        for file in ("dvc.yaml", "params.yaml"):
            (self.root / file).unlink()

    def compiled(self):
        """Return the bytes of every compiled file by its path."""
        plans = sorted((self.root / "plan").glob("*/*.json"))
        paths = [self.root / "dvc.yaml", self.root / "params.yaml", *plans]
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in paths}


def lay_out(root):
    """Write the sources of the toy project."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "harness", root / "harness", ignore=ignore)
    shutil.copytree(TOY / "reproductions", root / "reproductions", ignore=ignore)
    shutil.copytree(TOY / "specs", root / "specs")
    for path in ("specs/environment/harness.yaml", "specs/device/host.yaml",
                 "environments/harness.txt"):  # fmt: skip
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, root / path)
    return Sources(root)


@pytest.fixture
def sources(tmp_path):
    """Give the sources of the toy project in a folder of their own."""
    return lay_out(tmp_path / "project")


@pytest.fixture(scope="module")
def shared_sources(tmp_path_factory):
    """Give the same for all tests of a module, which add files and change none."""
    return lay_out(tmp_path_factory.mktemp("shared") / "project")
