from __future__ import annotations

import subprocess
import sys

import pytest

from harness.data import catalogue, package
from harness.errors import HarnessError


@pytest.fixture
def source(project):
    """Give the package that digits ship in."""
    return catalogue.find(project, "digits").source


def test_the_file_is_found_without_importing_its_package():
    """Finding digits loads neither scikit-learn nor SciPy."""
    program = (
        "import sys; from harness.data import package; from harness.spec.dataset import Package;"
        "from pathlib import Path; from harness.data.catalogue import load;"
        "path = package.locate(load(Path('specs/dataset/digits.yaml')).source);"
        "assert path.stat().st_size == 57523;"
        "print(sorted({'sklearn', 'scipy', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"distribution": "no-such-package"}, "no-such-package is not installed here"),
        ({"file": "sklearn/none.csv.gz"}, "the package has no such file"),
        ({"sha256": "0" * 64}, r"scikit-learn 1\S+ .*sha256 09f66e\S+ instead of 000"),
    ],
)
def test_a_package_without_the_right_file_is_refused(source, changed, reason):
    """A missing package, a missing file and other bytes are told apart, with the version."""
    with pytest.raises(HarnessError, match=reason):
        package.locate(source.model_copy(update=changed))
