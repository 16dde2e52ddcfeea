"""The torch half: its tests run in the torch environment."""

import framework_suite
import pytest

SUITE = "nonn_torch"


@pytest.fixture(scope="module")
def torch():
    """Give the torch environment's interpreter and its variables, with the test tools."""
    return framework_suite.prepare("torch")


@pytest.mark.parametrize("file", framework_suite.files(SUITE))
def test_torch_half(torch, file):
    """Every test of this file passes in the torch environment."""
    framework_suite.check(torch, SUITE, file)
