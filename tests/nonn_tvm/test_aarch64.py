"""A Raspberry Pi, emulated: students compiled for it here and run there, by TVM's RPC.

What it computes is compared with PyTorch. Its times mean nothing and are compared with nothing.
"""

import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from harness.devices.emulated import PATIENCE_S, Emulated
from harness.devices.servers import running
from harness.errors import HarnessError
from harness.spec.device import DeviceSpec
from harness.stage.checkpoint import Checkpoint
from harness.stage.progress import Progress
from harness.stage.run import Run
from reproductions.nonn.deployment.form import senders
from reproductions.nonn.deployment.library import compile_library
from reproductions.nonn.deployment.nodes import Job, placed
from reproductions.nonn.deployment.place import place_of
from reproductions.nonn.deployment.runtime import open_runtime
from reproductions.nonn.params.network import WideResNet
from reproductions.nonn.students import build

TRIPLE = "aarch64-linux-gnu"
TARGET = {"kind": "llvm", "mtriple": TRIPLE, "mcpu": "cortex-a72", "mattr": ["+neon"]}
COMPILER = f"{TRIPLE}-g++"
HERE = {"kind": "llvm", "mcpu": "x86-64-v3"}
DEVICE = {
    "device": "boards", "says": "An emulated board", "kind": "tvm_rpc",
    "target": {"kind": "llvm", "mtriple": TRIPLE, "mcpu": "cortex-a53", "mattr": ["+neon"]},
    "link": {"latency_ms": 0.1, "bandwidth_mbit": 100}, "deadline_ms": 60_000,
    "warm_up": 1, "samples": 3, "tolerance": 0.5,
}  # fmt: skip
AARCH64 = 183  # EM_AARCH64 of <elf.h>
STEP = 0.01  # of an int8
NETWORK = WideResNet(family="wrn", depth=10, width=1, image_size=8, image_channels=1, classes=4)
RUN = Run("nonn", "students", 0, Checkpoint(None), Progress("students"))

needs_compiler = pytest.mark.skipif(
    shutil.which(COMPILER) is None, reason=f"{COMPILER} is not installed"
)


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """Give a TVM RPC server that runs on an emulated board."""
    machine = Emulated(Path(__file__).parents[2])
    try:
        machine.prepare()
    except HarnessError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("board")
    with running([machine.server("board")], folder, PATIENCE_S) as (server,):
        yield server.address, server.port


@pytest.fixture
def runtime(board):
    """Give a connection to the board."""
    opened = open_runtime("tvm_rpc", board)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def system():
    """Return two untrained students."""
    return build(NETWORK, [3, 2], compat=False, run=RUN).eval()


@pytest.fixture(scope="module")
def image():
    """Return one image of noise, as a network takes it."""
    return torch.from_numpy(np.random.default_rng(5).normal(size=(1, 1, 8, 8)).astype("f4"))


def machine_of(library):
    """Return e_machine of an ELF file."""
    assert library[:4] == b"\x7fELF"
    return struct.unpack_from("<H", library, 18)[0]


@pytest.fixture(scope="module")
def library(system, image):
    """Return the first student as the board runs it."""
    if shutil.which(COMPILER) is None:
        pytest.skip(f"{COMPILER} is not installed")
    return compile_library(system.nodes()[0], image, TARGET, cross=COMPILER)


def test_library_is_of_the_other_machine(library):
    """What is compiled for the board is a shared library of AArch64."""
    assert machine_of(library) == AARCH64


def test_board_sends_the_features_of_torch(runtime, system, image, library):
    """A student's features, computed on the board, are those of PyTorch."""
    with torch.no_grad():
        expected = system.nodes()[0](image).numpy()

    runtime.load(library)
    answer = runtime.run(image.numpy())

    assert (answer.dtype, answer.shape) == (expected.dtype, expected.shape)
    assert np.abs(expected).max() > 0.01
    assert np.allclose(answer, expected, rtol=1e-4, atol=1e-4)


@needs_compiler
def test_board_sends_the_scores_of_torch(runtime, system, image):
    """A student's share of the class scores, computed on the board, is that of PyTorch."""
    sender = senders(system, "logits")[1]
    with torch.no_grad():
        expected = sender(image).numpy()

    runtime.load(compile_library(sender, image, TARGET, cross=COMPILER))
    answer = runtime.run(image.numpy())

    assert (answer.dtype, answer.shape) == (expected.dtype, (1, NETWORK.classes))
    assert np.abs(expected).max() > 0.01
    assert np.allclose(answer, expected, rtol=1e-4, atol=1e-4)


@needs_compiler
def test_board_rounds_as_torch_rounds(runtime, system, image):
    """Numbers of one byte are those of PyTorch, save where a number lies between two of them."""
    scales = [np.full(size, STEP, "f4") for size in system.sizes]
    sender = senders(system, "features", "int8", scales)[0]
    with torch.no_grad():
        features = system.nodes()[0](image).numpy()
        expected = sender(image).numpy()

    runtime.load(compile_library(sender, image, TARGET, cross=COMPILER))
    answer = runtime.run(image.numpy())

    tie = np.abs(features / STEP % 1 - 0.5) < 0.01
    assert answer.dtype == np.int8
    assert len(set(expected.ravel().tolist())) > 1
    assert np.array_equal(answer[~tie], expected[~tie])
    assert np.abs(answer.astype(int) - expected.astype(int)).max() <= 1


@needs_compiler
def test_device_of_a_spec_reaches_the_board(board, system, image, tmp_path):
    """A device that lists the board's address gets its node compiled, loaded and asked there."""
    node = system.nodes()[1]
    device = DeviceSpec.of({**DEVICE, "servers": [{"address": board[0], "port": board[1]}]})
    place = place_of(device, "deployment", 1)
    job = Job("board", place, place.built(node, image), (1, 2), "float32")

    with placed([job], 60.0, tmp_path) as nodes:
        (reply,) = nodes.fleet.ask(image.numpy())

    assert reply.fault is None
    with torch.no_grad():
        assert np.allclose(reply.array, node(image).numpy(), rtol=1e-4, atol=1e-4)


def test_library_of_this_machine_is_refused(runtime, system, image):
    """A library that was compiled for this machine is refused by the board, in words."""
    with pytest.raises(HarnessError, match=r"cannot load the library .*model\d+\.so"):
        runtime.load(compile_library(system.nodes()[0], image, HERE))
