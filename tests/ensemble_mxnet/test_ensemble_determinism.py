"""The bytes of training and serving depend neither on the process nor on the CPU's family."""

import json
import os
import subprocess
import sys

import ensemble_determinism_samples as samples
import pytest

from harness.errors import HarnessError
from harness.rerun.emulator import Emulator

CPU = "max"
"""An emulated AMD with AVX2, whose first cache has 64 KiB."""


def told(store, before=(), **variables):
    """Return what the program of the samples prints in a process of its own."""
    done = subprocess.run(
        [*before, sys.executable, samples.__file__, str(store)],
        env=os.environ | variables, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Give the path of a store that `here` packs."""
    return tmp_path_factory.mktemp("packed") / "store.safetensors"


@pytest.fixture(scope="module")
def here(store):
    """Give the digests of this machine."""
    return told(store)


def test_bytes_are_those_of_another_process(here, tmp_path):
    """Training, answers, norms, files, store and engine: all are equal in another process."""
    again = told(tmp_path / "store.safetensors", PYTHONHASHSEED="7")

    assert "store" in here
    assert again == here


def test_bytes_are_those_of_another_cpu(here, store):
    """An emulated CPU of another family gives every byte of this machine.

    The store is packed here: QEMU 7.2 leaves out the index of a gather where that is in ymm4, and
    NumPy 1.23's tanh of float64, which only packing uses, has such gathers.
    """
    try:
        emulator = Emulator.find()
    except HarnessError as error:
        pytest.skip(str(error))

    there = told(store, emulator.command(CPU, []))
    assert there == {name: digest for name, digest in here.items() if name != "store"}
