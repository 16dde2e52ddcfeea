"""The authors' interface stays apart from the stages, and its page has every key."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import reproductions.shunt
from harness.compiler.imports import Imports
from reproductions.shunt.connector.config import SECTIONS, keys
from reproductions.shunt.connector.locations import Layers
from reproductions.shunt.connector.log import Log
from reproductions.shunt.connector.missing import MissingError, needed
from reproductions.shunt.steps import STEPS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "shunt.md").read_text(encoding="utf-8")


def test_no_stage_depends_on_the_interface():
    """A change of the interface makes no stage of the paper stale."""
    imports = Imports(ROOT)
    files = {file for step in STEPS.values() for file in imports.files(step.module)}

    assert "reproductions/shunt/training/loop.py" in files
    assert not [file for file in files if "/connector/" in file]


def test_the_package_loads_the_interface_when_it_is_asked_for():
    """Importing the package, as every stage does, loads neither the interface nor TensorFlow."""
    code = (
        "import sys, reproductions.shunt\n"
        "heavy = ('tensorflow', 'keras')\n"
        "print(*(one for one in sys.modules if 'connector' in one or one in heavy))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == []
    assert reproductions.shunt.__all__ == ["ShuntConnector"]


def test_an_attribute_that_the_package_does_not_have():
    """A name that is misspelt is told as Python tells it."""
    with pytest.raises(AttributeError, match=r"'reproductions\.shunt' has no attribute 'Shunt'"):
        reproductions.shunt.Shunt  # noqa: B018 - the access is what is tested


@pytest.mark.parametrize("section", SECTIONS)
def test_the_page_has_every_key(section):
    """Each section and each of its keys stands in the page's table."""
    below = PAGE.partition(f"\n| `[{section}]`")[2]
    part = below.partition("\n| `[")[0].partition("\n\n")[0]

    assert [key for key in keys(SECTIONS[section]) if f"`{key}`" not in part] == []


def test_what_is_missing_is_a_value_error_and_has_a_remedy():
    """A missing input is told as the release tells it, and as the harness does."""
    assert needed("step", "field", 0, "call it") == 0
    with pytest.raises(ValueError, match="step: the field 'field' is missing") as caught:
        needed("step", "field", None, "call it")
    assert isinstance(caught.value, MissingError)
    assert caught.value.remedy == "call it"


def test_a_history_has_the_columns_that_are_numbers(tmp_path):
    """Text is left out of a history, and so is a column that an epoch lacks."""
    Log(tmp_path).history(
        "shunt", [{"loss": 1, "name": "a", "lr": 0.5}, {"loss": 2.5, "name": "b"}]
    )

    folder = tmp_path / "training_shunt_model_history"
    assert [path.name for path in folder.iterdir()] == ["loss.npy"]
    assert np.load(folder / "loss.npy").tolist() == [1.0, 2.5]


def test_a_pair_of_layers_is_written_as_released():
    """Locations are written in the form in which they are read."""
    assert str(Layers(64, 157)) == "64,157"
