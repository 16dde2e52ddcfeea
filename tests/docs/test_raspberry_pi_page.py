"""The page about boards: what it shows is understood, and is what the emulated boards need."""

from documents_samples import blocks, text
from yaml import safe_load

from harness.devices.emulated import AARCH64
from harness.spec.device import DeviceSpec, TvmRpc

PAGE = "docs/raspberry-pi.md"


def test_device_is_valid():
    """The device that the page shows is one of boards, compiled for as the tests compile."""
    shown, emulated = (safe_load(block) for block in blocks(PAGE, "yaml"))

    device = DeviceSpec.of(shown)

    assert isinstance(device, TvmRpc)
    assert device.target.as_tvm()["mtriple"] == "aarch64-linux-gnu"
    assert isinstance(DeviceSpec.of({**shown, **emulated}), TvmRpc)


def test_lock_is_named():
    """The lock that a board installs from is the one of the emulated boards."""
    assert f"({'../' + AARCH64.lock})" in text(PAGE)
