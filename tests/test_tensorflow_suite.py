"""The TensorFlow half of the shunts: its tests run in the tensorflow environment."""

import framework_suite
import pytest

SUITE = "shunt_tf"


@pytest.fixture(scope="module")
def tensorflow():
    """Give the tensorflow environment's interpreter and its variables, with the test tools."""
    return framework_suite.prepare("tensorflow")


@pytest.mark.parametrize("file", framework_suite.files(SUITE))
def test_tensorflow_half(tensorflow, file):
    """Every test of this file passes in the tensorflow environment."""
    framework_suite.check(tensorflow, SUITE, file)
