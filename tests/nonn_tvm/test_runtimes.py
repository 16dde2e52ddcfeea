"""Every runtime computes what PyTorch computes, and says in words what it cannot do."""

import os
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from harness.devices.servers import Program, running
from harness.errors import HarnessError
from reproductions.nonn.deployment.export import onnx_bytes
from reproductions.nonn.deployment.form import senders
from reproductions.nonn.deployment.library import compile_library
from reproductions.nonn.deployment.runtime import open_runtime, rpc
from reproductions.nonn.deployment.runtime.rpc import RpcRuntime, knock
from reproductions.nonn.networks import initialise
from reproductions.nonn.params.network import MobileNetV2, Vgg, WideResNet
from reproductions.nonn.students import Students

TARGET = {"kind": "llvm", "mcpu": "x86-64-v3"}
SMALL = {"image_size": 8, "image_channels": 1, "classes": 4}
NETWORKS = {
    "wrn": WideResNet(family="wrn", depth=10, width=1, **SMALL),
    "vgg": Vgg(family="vgg", depth=11, multiplier=0.1, **SMALL),
    "mobilenetv2": MobileNetV2(family="mobilenetv2", multiplier=0.1, **SMALL),
}
STEP = 0.01  # of an int8
SERVER = (
    *(sys.executable, "-m", "tvm.exec.rpc_server"),
    *("--host", "{address}", "--port", "{port}", "--port-end", "65536"),
)


@pytest.fixture(scope="module")
def image():
    """Return one image of noise."""
    return torch.from_numpy(np.random.default_rng(5).normal(size=(1, 1, 8, 8)).astype("f4"))


def sender_of(family, form="features", precision="float32"):
    """Return what the first of two untrained students of `family` sends."""
    system = Students(NETWORKS[family], [8, 5])
    initialise(system, 3)
    wide = (8, 5) if form == "features" else (4, 4)
    scales = [np.full(size, STEP, np.float32) for size in wide]
    return senders(system.eval(), form, precision, scales)[0]


def reference(sender, image):
    """Return what PyTorch answers."""
    with torch.no_grad():
        return sender(image).numpy()


@pytest.fixture(scope="module")
def library(image):
    """Return a small library and what it shall answer."""
    sender = sender_of("vgg")
    return compile_library(sender, image, TARGET), reference(sender, image)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Give the address and port of a TVM RPC server of this machine."""
    program = Program("board", SERVER, variables={**os.environ, "TVM_NUM_THREADS": "1"})
    with running([program], tmp_path_factory.mktemp("server"), 120) as (started,):
        yield started.address, started.port


@pytest.fixture
def remote(server):
    """Give a connection to the server, closed afterwards."""
    opened = open_runtime("tvm_rpc", server)
    yield opened
    opened.close()


def built(name, sender, image):
    """Return `sender` as the runtime `name` loads it."""
    if name == "onnxruntime":
        return onnx_bytes(sender, image)
    return compile_library(sender, image, TARGET)


def check_times(runtime, image):
    """Check that a runtime tells seconds of single runs: not more than have passed meanwhile."""
    begun = time.perf_counter()
    times = runtime.time(image.numpy(), number=2, repeat=3)
    passed = time.perf_counter() - begun

    assert len(times) == 3
    assert min(times) > 0
    assert 2 * sum(times) <= passed


@pytest.mark.parametrize("name", ["onnxruntime", "tvm"])
@pytest.mark.parametrize("family", list(NETWORKS))
def test_features_are_those_of_torch(name, family, image):
    """Each family's features are PyTorch's within 1e-4, in each runtime of this process."""
    sender = sender_of(family)
    expected = reference(sender, image)
    runtime = open_runtime(name)

    runtime.load(built(name, sender, image))
    answer = runtime.run(image.numpy())

    assert (answer.dtype, answer.shape) == (np.float32, (1, 8))
    assert np.abs(expected).max() > 1e-3
    assert np.allclose(answer, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("name", ["onnxruntime", "tvm"])
def test_bytes_are_those_of_torch(name, image):
    """A share of the scores in int8 is PyTorch's, but for ties, in each runtime."""
    sender = sender_of("wrn", "logits", "int8")
    expected = reference(sender, image)
    runtime = open_runtime(name)

    runtime.load(built(name, sender, image))
    answer = runtime.run(image.numpy())

    assert (answer.dtype, answer.shape) == (np.int8, (1, 4))
    assert len(np.unique(expected)) > 1
    assert np.abs(answer.astype(int) - expected.astype(int)).max() <= 1


def test_same_module_gives_the_same_bytes(image, library):
    """Compiling and exporting a module twice gives the same bytes."""
    content, _ = library

    assert compile_library(sender_of("vgg"), image, TARGET) == content
    assert onnx_bytes(sender_of("vgg"), image) == onnx_bytes(sender_of("vgg"), image)


@pytest.mark.parametrize("name", ["onnxruntime", "tvm"])
def test_times_are_of_single_runs(name, image):
    """A runtime gives as many times as asked, all positive, each of one run."""
    runtime = open_runtime(name)
    runtime.load(built(name, sender_of("vgg"), image))

    check_times(runtime, image)


@pytest.mark.parametrize("name", ["onnxruntime", "tvm"])
def test_nonsense_is_told(name, image):
    """No model, bytes that are none and an image of another shape end in words."""
    runtime = open_runtime(name)

    with pytest.raises(HarnessError, match="has no model yet"):
        runtime.run(image.numpy())
    with pytest.raises(HarnessError, match="cannot load the"):
        runtime.load(b"no model")
    runtime.load(built(name, sender_of("vgg"), image))
    with pytest.raises(HarnessError, match="cannot run the"):
        runtime.run(np.zeros((1, 1, 9, 8), np.float32))
    assert runtime.run(image.numpy()).shape == (1, 8)


def test_module_that_cannot_be_traced_is_told(image):
    """A module whose way depends on the numbers is refused in words by both exporters."""

    class Fickle(torch.nn.Module):
        def forward(self, x):
            return x if x.sum() > 0 else -x

    with pytest.raises(HarnessError, match="cannot be traced"):
        compile_library(Fickle(), image, TARGET)
    with pytest.raises(HarnessError, match="cannot be exported to ONNX"):
        onnx_bytes(Fickle(), image)


def test_unknown_target_is_told(image):
    """A target that LLVM does not have ends in words that name it."""
    with pytest.raises(HarnessError, match="no-such-kind"):
        compile_library(sender_of("vgg"), image, {"kind": "no-such-kind"})


def test_device_answers_as_this_process(remote, image, library):
    """Over RPC the numbers are PyTorch's, again and again, with a model in place of another."""
    content, expected = library

    for _ in range(2):
        remote.load(content)
        for factor in (1, 0):
            given = image.numpy() * factor
            answer = remote.run(given)
            assert answer.dtype == np.float32
            assert np.allclose(answer, expected, atol=1e-4) == (factor == 1)
    check_times(remote, image)


def test_traffic_is_counted_by_the_kernel(remote, image, library):
    """The bytes counted hold the model once, then image and answer, with little around them."""
    content, _ = library
    start = remote.traffic()
    remote.load(content)
    loaded = remote.traffic()
    remote.run(image.numpy())
    first = remote.traffic()
    remote.run(image.numpy())
    second = remote.traffic()

    def grown(before, after):
        return after[0] - before[0], after[1] - before[1]

    assert 0 <= grown(start, loaded)[0] - len(content) < 4096
    sent, received = grown(first, second)
    assert image.numel() * 4 <= sent < image.numel() * 4 + 2048
    assert 8 * 4 <= received < 8 * 4 + 2048
    remote.run(image.numpy())
    assert grown(second, remote.traffic()) == (sent, received)


def test_what_the_device_refuses_leaves_the_line_sound(remote, image, library):
    """After words of the device about a library or an image, the next call is answered."""
    content, expected = library

    with pytest.raises(HarnessError, match=r"RPC server at 127\.0\.0\.1.*cannot load the library"):
        remote.load(b"no library")
    remote.load(content)
    with pytest.raises(HarnessError, match="cannot run the library"):
        remote.run(np.zeros((1, 1, 9, 8), np.float32))

    assert np.allclose(remote.run(image.numpy()), expected, atol=1e-4)


def test_server_is_free_again_after_its_client(server):
    """A server serves one client; a second is told so in time, and gets in after the first."""
    first = open_runtime("tvm_rpc", server)
    with pytest.raises(HarnessError, match=r"said nothing for 0\.5 s.*serves another client"):
        knock(*server, patience_s=0.5)
    first.close()

    open_runtime("tvm_rpc", server).close()


def test_nobody_there_is_told():
    """A port on which nothing listens is named at once."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with pytest.raises(HarnessError, match=rf"127\.0\.0\.1, port {port}"):
            open_runtime("tvm_rpc", ("127.0.0.1", port))


def test_silence_is_told():
    """A server that accepts and says nothing is given up in time."""
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(HarnessError, match="said nothing"),
    ):
        knock(*silent.getsockname(), patience_s=0.3)


def test_another_protocol_is_told():
    """A server of another kind is told by what it answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        # The kernel completes the connection; the answer waits there before the client reads.
        talk = (
            "import socket, sys; line, _ = socket.socket(fileno=int(sys.argv[1])).accept(); "
            "line.sendall(b'HTTP/1.1 400'); line.recv(100)"
        )
        descriptor = listening.fileno()
        other = subprocess.Popen(
            [sys.executable, "-c", talk, str(descriptor)], pass_fds=[descriptor]
        )
        with pytest.raises(HarnessError, match=r"no RPC server of TVM.*HTTP"):
            knock(*listening.getsockname())
        assert other.wait(60) == 0


def test_line_that_is_late_once_is_used_no_more(server, image, library):
    """A call that takes longer than its patience is told, and its answer passes for no other."""
    content, _ = library
    runtime = RpcRuntime(*server)
    runtime.load(content)
    rpc._limit(runtime._line, 0.4)
    runtime._patience_s = 0.4

    with pytest.raises(HarnessError, match=r"no answer within 0\.4 s"):
        runtime.time(image.numpy(), number=100_000, repeat=10)
    with pytest.raises(HarnessError, match=r"cannot run the library: Socket .*Broken pipe"):
        runtime.run(image.numpy())
    runtime.close()


def test_death_of_the_server_is_told(tmp_path, image, library):
    """When the server dies between two questions, the second ends in words."""
    content, _ = library
    program = Program("board", SERVER, variables={**os.environ, "TVM_NUM_THREADS": "1"})
    with running([program], tmp_path, 120) as (started,):
        runtime = open_runtime("tvm_rpc", (started.address, started.port))
        runtime.load(content)
        runtime.run(image.numpy())

    with pytest.raises(HarnessError, match=f"port {started.port}: TVM cannot run the library"):
        runtime.run(image.numpy())
    runtime.close()


def test_runtime_and_server_belong_together():
    """A server without a runtime over RPC, and the other way round, is refused in words."""
    with pytest.raises(HarnessError, match="needs a server"):
        open_runtime("tvm_rpc")
    with pytest.raises(HarnessError, match="runs in the worker"):
        open_runtime("tvm", ("127.0.0.1", 1))
    with pytest.raises(HarnessError, match="no runtime 'tflite'"):
        open_runtime("tflite")
