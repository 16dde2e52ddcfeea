"""The deployment: its tests run in the environment that has TVM and ONNX Runtime beside torch."""

from contextlib import suppress

import framework_suite
import pytest

from harness.devices.emulated import Emulated
from harness.errors import HarnessError

SUITE = "nonn_tvm"


@pytest.fixture(scope="module")
def tvm():
    """Give the tvm environment's interpreter and its variables, with the test tools."""
    # Here, where downloads have the user's variables: the suite has those of a stage. It skips the
    # tests that need the board when there is none, and says why.
    with suppress(HarnessError):
        Emulated(framework_suite.ROOT).prepare()
    return framework_suite.prepare("tvm")


@pytest.mark.parametrize("file", framework_suite.files(SUITE))
def test_deployment(tvm, file):
    """Every test of this file passes in the tvm environment."""
    framework_suite.check(tvm, SUITE, file)
