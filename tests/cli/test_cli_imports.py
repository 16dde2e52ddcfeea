"""What the command line loads: help is asked for more often than anything else."""

import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
HEAVY = {"torch", "tensorflow", "mxnet", "dvc", "matplotlib", "hydra", "pint", "networkx",
         "scipy", "pooch", "sklearn"}  # fmt: skip
SCRIPT = """\
import sys
from harness.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit:
    print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


def loaded(*words):
    """Return the top-level modules that a process has loaded after this command line."""
    command = [sys.executable, "-c", SCRIPT, *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_help_loads_no_heavy_module():
    """`harness --help` loads no framework, no DVC, no drawing and no model of a spec."""
    modules = loaded("--help")

    assert "argparse" in modules
    assert not modules & {*HEAVY, "pydantic", "yaml", "numpy", "grimp"}


@pytest.mark.parametrize("command", COMMANDS)
def test_page_of_a_command_loads_no_framework(command):
    """The help of a command loads neither a framework nor DVC, Hydra, pint or matplotlib."""
    assert not loaded(command, "--help") & HEAVY
