"""A small project with a paper of its own, run for real: DVC, git, environments, processes."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from harness.environment import Environments
from harness.stage.planned import PlannedEnvironment

ROOT = Path(__file__).parents[1]
TOY = ROOT / "tests" / "toy"


@dataclass(frozen=True)
class Toy:
    """A project in a temporary folder, and ways to run commands in it."""

    root: Path

    def run(self, *words, check=None, **options):
        """Run a command there; with `check` its exit status must be that."""
        done = subprocess.run(
            words, cwd=self.root, env=self.variables(), capture_output=True, text=True,
            check=False, stdin=subprocess.DEVNULL, **options,
        )  # fmt: skip
        if check is not None:
            assert done.returncode == check, f"{words}\n{done.stdout}\n{done.stderr}"
        return done

    def harness(self, *words, check=None, **options):
        """Run a command of the harness that lies in the project."""
        return self.run(sys.executable, "-m", "harness", *words, check=check, **options)

    def dvc(self, *words, check=None, **options):
        """Run a command of DVC."""
        return self.run(str(Path(sys.executable).parent / "dvc"), *words, check=check, **options)

    def git(self, *words):
        """Run a command of git that must succeed, and return what it prints."""
        return self.run("git", *words, check=0).stdout

    def commit(self):
        """Commit everything that is not ignored."""
        self.git("add", "-A")
        self.git("commit", "-qm", "state")

    def edit(self, path, old, new):
        """Replace a piece of a file."""
        file = self.root / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def variables(self):
        """Return the variables of every command: the project's own harness, no state outside."""
        return {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.root.parent / "home"),
            "PYTHONPATH": str(self.root),
            "DVC_SITE_CACHE_DIR": str(self.root.parent / "site-cache"),
            "DVC_NO_ANALYTICS": "true",
            "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org",
            "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org",
        }  # fmt: skip


def lay_out(root: Path) -> Toy:
    """Write the toy project: its own specs and steps, and the harness that is tested."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "harness", root / "harness", ignore=ignore)
    shutil.copytree(TOY / "reproductions", root / "reproductions", ignore=ignore)
    shutil.copytree(TOY / "specs", root / "specs")
    for path in ("specs/environment/harness.yaml", "specs/device/host.yaml",
                 "environments/harness.txt", ".dvc/config", ".dvc/.gitignore", ".dvcignore",
                 ".gitignore"):  # fmt: skip
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, root / path)
    # The environment is the repository's own, built once.
    Environments(ROOT).python(
        PlannedEnvironment("harness", "environments/harness.txt", "3.11", "bytes")
    )
    (root / ".harness").mkdir()
    (root / ".harness" / "environments").symlink_to(ROOT / ".harness" / "environments")
    toy = Toy(root)
    (root.parent / "home").mkdir(exist_ok=True)
    toy.git("init", "-q", "-b", "main")
    return toy
