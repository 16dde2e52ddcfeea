"""Tests that run inside the environment of a framework, under the variables of a stage.

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

TESTS = Path(__file__).parent
ROOT = TESTS.parent
TOOLS = PlannedEnvironment("pytest", "environments/pytest.txt", "3.11", "bytes")


def files(suite):
    """Return the names of the test files in the folder `suite` of the tests."""
    return sorted(path.name for path in (TESTS / suite).glob("test_*.py"))


def prepare(environment):
    """Return the interpreter of `environment` and its variables, with the test tools."""
    spec = SpecFiles.read(ROOT / "specs").environments()[environment]
    environments = Environments(ROOT)
    environments.python(TOOLS)
    tools = environments.folder(TOOLS) / "lib" / f"python{TOOLS.python}" / "site-packages"
    variables = stage_variables(os.environ, spec.variables, ROOT, ROOT / ".harness")
    path = os.pathsep.join([variables["PYTHONPATH"], str(tools)])
    return environments.python(spec.planned()), {**variables, "PYTHONPATH": path}


def check(prepared, suite, file):
    """Fail with all that pytest said unless every test of `file` in `suite` passes.

    A file of which no test could run is skipped, with the reasons that it gives.
    """
    python, variables = prepared
    folder = TESTS / suite
    # Under pytest's catching of logs torch records every step of an export, and takes much longer.
    options = ["--color=no", "-rs", "-p", "no:logging"]
    options.append(f"--confcutdir={folder}")
    done = subprocess.run(
        [python, "-m", "pytest", *options, folder / file],
        cwd=ROOT, env=variables, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip

    if done.returncode:
        pytest.fail(f"{done.stdout}\n{done.stderr}", pytrace=False)
    if " skipped" in done.stdout and " passed" not in done.stdout:
        pytest.skip(done.stdout)
    assert " passed" in done.stdout
