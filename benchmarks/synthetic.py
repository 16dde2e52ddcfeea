"""Projects of small stages, made from the toy paper of the tests."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from stopwatch import DVC, variables

from harness.compiler.target import Target
from harness.project import Project
from harness.stage.planned import Artifact
from harness.status import planned_stages

ROOT = Path(__file__).parents[1]
TOY = ROOT / "tests" / "toy"
IDLE = Path(__file__).with_name("idle")
READERS = 9  # stages that read one stage of numbers
WITHOUT = 2  # stages that every project has besides those of its papers: planning and the report

Stages = Mapping[str, Mapping[str, Any]]


def lay_out(root: Path, stages: Stages, environments: tuple[str, ...] = ("harness",)) -> Path:
    """Write a project with one paper of these stages, and return its folder.

    Environments are the repository's own, where they are built.
    """
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "harness", root / "harness", ignore=ignore)
    shutil.copytree(TOY / "reproductions", root / "reproductions", ignore=ignore)
    shutil.copytree(IDLE, root / "reproductions" / "idle", ignore=ignore)
    shutil.copytree(TOY / "specs", root / "specs")
    own = [f"specs/environment/{name}.yaml" for name in environments]
    own += [f"environments/{name}.txt" for name in environments]
    for path in (*own, "specs/device/host.yaml", ".dvc/config", ".dvcignore", ".gitignore"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, root / path)
    (root / ".harness").mkdir()
    (root / ".harness" / "environments").symlink_to(ROOT / ".harness" / "environments")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    _change(root / "specs" / "papers" / "toy.yaml", stages=stages, claims={}, tables={}, figures={})
    _change(root / "specs" / "profile" / "reviewer.yaml", papers={})
    _list_environments(root / "specs" / "config.yaml", environments)
    return root


def fan_out(stages: int) -> Stages:
    """Return what makes a dvc.yaml of this number of stages.

    Each stage of numbers is read by nine stages that add them up.
    """
    made: dict[str, Mapping[str, Any]] = {}
    for number in range(stages - WITHOUT):
        first, nth = divmod(number, READERS + 1)
        source = f"numbers-{first}"
        if nth == 0:
            made[source] = {"step": "toy.make_numbers", "params": {"count": 5, "epochs": 4}}
        else:
            inputs, params = {"numbers": f"{source}.values"}, {"name": f"sum {number}"}
            made[f"total-{number}"] = {"step": "toy.add_up", "inputs": inputs, "params": params}
    return made


def finish(root: Path) -> None:
    """Make every stage of the compiled project up to date without running it.

    Each output is a small file or a folder with one, and `dvc commit` takes it as the stage's.
    """
    for plan in planned_stages(Target(Project(root))):
        for artifact in plan.outputs.values():
            _write_output(root / artifact.path, artifact)
    subprocess.run([DVC, "commit", "-fq"], cwd=root, env=variables(root), check=True)


def _change(path: Path, **values: Any) -> None:
    """Change values of a spec; the comment on its first line means something and stays."""
    head = path.read_text().partition("\n")[0]
    spec = {**yaml.safe_load(path.read_text()), **values}
    path.write_text(f"{head}\n{yaml.safe_dump(spec, sort_keys=False)}")


def _list_environments(config: Path, names: tuple[str, ...]) -> None:
    own, _, *others = yaml.safe_load(config.read_text())["defaults"]
    listed = [{f"environment@environments.{name}": name} for name in names]
    _change(config, defaults=[own, *listed, *others])


def _write_output(path: Path, artifact: Artifact) -> None:
    folder = artifact.kind in ("arrays", "figure", "folder")
    file = path / "content" if folder else path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{path.name}\n")
