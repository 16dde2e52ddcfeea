"""The deployment: its tests run in the environment that has TVM and ONNX Runtime beside torch."""

import framework_suite
import pytest

SUITE = "nonn_tvm"


@pytest.fixture(scope="module")
def tvm():
    """Give the tvm environment's interpreter and its variables, with the test tools."""
    return framework_suite.prepare("tvm")


@pytest.mark.parametrize("file", framework_suite.files(SUITE))
def test_deployment(tvm, file):
    """Every test of this file passes in the tvm environment."""
    framework_suite.check(tvm, SUITE, file)
