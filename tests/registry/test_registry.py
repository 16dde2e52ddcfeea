"""The closed registry of steps."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.project import Project
from harness.registry import packages, registry

ROOT = Project.find(Path(__file__)).root

GOOD = """\
from harness.steps import Params, Step
class Nothing(Params):
    '''Nothing.'''
STEPS = {"add": Step(run="reproductions.sums.add:add", params=Nothing)}
"""

SCRIPT = """\
import sys
from pathlib import Path
from harness.errors import HarnessError
from harness.registry import registry
try:
    print(*registry(Path.cwd()))
except HarnessError as error:
    print(error)
heavy = {"numpy", "torch", "tensorflow", "mxnet", "matplotlib", "pint", "hydra", "dvc", "networkx"}
print(*sorted(heavy & set(sys.modules)))
"""


def listed(root: Path) -> list[str]:
    """Return what a process in `root` finds, and the heavy modules that it loaded."""
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def project(root: Path, steps: str) -> Path:
    """Write a project with one package, `sums`, and return its folder."""
    package = root / "reproductions/sums"
    package.mkdir(parents=True)
    (root / "reproductions/__init__.py").write_text("")
    (package / "__init__.py").write_text("")
    (package / "steps.py").write_text(steps)
    return root


def test_our_registry_loads_nothing_heavy() -> None:
    """Every step can be named and its parameters checked without NumPy or a framework."""
    names, heavy = listed(ROOT)

    assert "harness.dataset" in names.split()
    assert heavy == ""


def test_each_step_of_ours_is_code_of_ours() -> None:
    """A step's function lies in the harness or in a reproduction."""
    for step in registry(ROOT).values():
        assert step.module.split(".")[0] in ("harness", "reproductions")
        assert (ROOT / f"{step.module.replace('.', '/')}.py").is_file()


def test_a_package_with_steps_is_found(tmp_path: Path) -> None:
    """A folder under reproductions with a module `steps` adds its steps."""
    (tmp_path / "reproductions/.hidden").mkdir(parents=True)
    (tmp_path / "reproductions/.hidden/steps.py").write_text("raise SystemExit")
    project_root = tmp_path / "here"

    assert "sums.add" in listed(project(project_root, GOOD))[0].split()
    assert packages(tmp_path) == []


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ("import no_such_module", "the steps cannot be imported: ModuleNotFoundError"),
        ("def", "the steps cannot be imported: SyntaxError"),
        ("", "it has no mapping STEPS"),
        (GOOD.replace('"add"', '"Add-One"'), "STEPS['Add-One']: the name is not made of"),
        (GOOD.replace("Step(run", "dict(run"), "STEPS['add']: it is not a harness.steps.Step"),
        (GOOD.replace("reproductions.sums.add:add", "os:system"), "run='os:system' is not"),
    ],
)
def test_a_package_with_bad_steps_is_told(tmp_path: Path, steps: str, message: str) -> None:
    """The message names the file and what is wrong in it."""
    found = listed(project(tmp_path, steps))[0]

    assert found.startswith(str(tmp_path / "reproductions/sums/steps.py"))
    assert message in found


def test_steps_of_another_project_are_not_taken(tmp_path: Path) -> None:
    """A package of this name that Python finds elsewhere is not the project's."""
    package = tmp_path / "reproductions/nonn"
    package.mkdir(parents=True)
    (package / "steps.py").write_text(GOOD)

    with pytest.raises(HarnessError, match=r"imports reproductions\.nonn\.steps from"):
        registry(tmp_path)
