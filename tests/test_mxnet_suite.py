"""The MXNet half of the ensembles: its tests run in the mxnet environment."""

import framework_suite
import pytest

SUITE = "ensemble_mxnet"


@pytest.fixture(scope="module")
def mxnet():
    """Give the mxnet environment's interpreter and its variables, with the test tools."""
    return framework_suite.prepare("mxnet")


@pytest.mark.parametrize("file", framework_suite.files(SUITE))
def test_mxnet_half(mxnet, file):
    """Every test of this file passes in the mxnet environment."""
    framework_suite.check(mxnet, SUITE, file)
