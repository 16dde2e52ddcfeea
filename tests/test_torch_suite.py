"""The torch half: its tests run in the torch environment, under the variables of a stage.

The environment stays as it is locked. pytest and Hypothesis come from an environment of their
own, whose packages are put behind the project on the path.
"""

import os
import subprocess
from pathlib import Path

import pytest

from harness.environment import Environments
from harness.spec.files import SpecFiles
from harness.stage.planned import PlannedEnvironment
from harness.stage.variables import stage_variables

ROOT = Path(__file__).parents[1]
SUITE = ROOT / "tests" / "nonn_torch"
TOOLS = PlannedEnvironment("pytest", "environments/pytest.txt", "3.11", "bytes")


@pytest.fixture(scope="module")
def torch():
    """Give the torch environment's interpreter and its variables, with the test tools."""
    spec = SpecFiles.read(ROOT / "specs").environments()["torch"]
    environments = Environments(ROOT)
    planned = spec.planned()
    environments.python(TOOLS)
    tools = environments.folder(TOOLS) / "lib" / f"python{TOOLS.python}" / "site-packages"
    variables = stage_variables(os.environ, spec.variables, ROOT, ROOT / ".harness")
    path = os.pathsep.join([variables["PYTHONPATH"], str(tools)])
    return environments.python(planned), {**variables, "PYTHONPATH": path}


@pytest.mark.parametrize("file", sorted(path.name for path in SUITE.glob("test_*.py")))
def test_torch_half(torch, file):
    """Every test of this file passes in the torch environment."""
    python, variables = torch

    options = ["--hypothesis-profile=ci", "--color=no", f"--confcutdir={SUITE}"]
    done = subprocess.run(
        [python, "-m", "pytest", *options, SUITE / file],
        cwd=ROOT, env=variables, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip

    if done.returncode:
        pytest.fail(f"{done.stdout}\n{done.stderr}", pytrace=False)
    assert " passed" in done.stdout
