"""The images of the torch half's tests; without torch there is nothing to collect here."""

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

# What the frameworks' tests share; this conftest may be the first of all.
sys.path.append(str(Path(__file__).parents[1]))

collect_ignore_glob = [] if find_spec("torch") else ["test_*.py"]


@pytest.fixture(scope="session")
def images(tmp_path_factory):
    """Return a small dataset: four classes, each a bright quarter of the image, with noise."""
    from nonn_stage import write_images

    return write_images(tmp_path_factory.mktemp("dataset") / "images")
