"""The authors' interface stays apart from the stages."""

import subprocess
import sys
from pathlib import Path

import pytest

import reproductions.nonn
from harness.compiler.imports import Imports
from reproductions.nonn.steps import STEPS

ROOT = Path(__file__).parents[2]


def test_no_stage_depends_on_the_interface():
    """A change of the interface makes no stage of the paper stale."""
    imports = Imports(ROOT)
    files = {file for step in STEPS.values() for file in imports.files(step.module)}

    assert "reproductions/nonn/training.py" in files
    assert not [file for file in files if "/framework/" in file]


def test_the_package_loads_the_interface_when_it_is_asked_for():
    """Importing the package, as every stage does, loads neither the interface nor torch."""
    code = (
        "import sys, reproductions.nonn\n"
        "print(*(name for name in sys.modules if 'framework' in name or name == 'torch'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == []
    assert reproductions.nonn.__all__ == ["NoNN"]


def test_an_attribute_that_the_package_does_not_have():
    """A name that is misspelt is told as Python tells it."""
    with pytest.raises(AttributeError, match=r"'reproductions\.nonn' has no attribute 'NONN'"):
        reproductions.nonn.NONN  # noqa: B018 - the access is what is tested
