"""The PyTorch twin of the ensembles, and ONNX: their tests run in the tvm environment.

It is the one that has PyTorch, ONNX and ONNX Runtime.
"""

import framework_suite
import pytest

SUITE = "ensemble_torch"


@pytest.fixture(scope="module")
def tvm():
    """Give the tvm environment's interpreter and its variables, with the test tools."""
    return framework_suite.prepare("tvm")


@pytest.mark.parametrize("file", framework_suite.files(SUITE))
def test_twin(tvm, file):
    """Every test of this file passes in the tvm environment."""
    framework_suite.check(tvm, SUITE, file)
