"""The registry of NoNN's steps."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from reproductions.nonn.steps import STEPS

ROOT = Path(__file__).parents[2]
_HEAVY = ("numpy", "torch", "matplotlib", "networkx", "scipy")


def test_registry_imports_nothing_heavy():
    """Reading the registry loads the parameters and no package that takes long to import."""
    program = (
        "import sys, reproductions.nonn.steps; "
        f"print([name for name in {_HEAVY!r} if name in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=ROOT
    )

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", sorted(STEPS))
def test_every_step_names_a_function_that_exists(name):
    """The function that the registry names is defined in the module that it names."""
    module, _, function = STEPS[name].run.partition(":")
    path = ROOT.joinpath(*module.split("."))
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")

    tree = ast.parse(source.read_text())

    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
