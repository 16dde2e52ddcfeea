"""A worker with a real runtime, in a process of its own, and a host of it that dies."""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx_samples
import pytest

from harness.devices.servers import Program, running
from harness.errors import HarnessError
from harness.stage.children import alive
from reproductions.nonn.deployment import message
from reproductions.nonn.deployment.fleet import Fleet
from reproductions.nonn.deployment.message import Kind, Reader

WORKER = (sys.executable, "-m", "reproductions.nonn.deployment.worker")
COMMAND = (*WORKER, "--address", "{address}", "--port", "{port}", "--runtime")
PATIENCE = 60.0
IMAGE = np.random.default_rng(7).standard_normal(onnx_samples.SHAPE).astype(np.float32)
EXPECTED = ((1, onnx_samples.OUTPUTS), "float32")
HOST = Path(__file__).parent / "dying_host.py"


def program(name="worker", runtime="onnxruntime"):
    """Return the program of a worker."""
    return Program(name, (*COMMAND, runtime))


@pytest.fixture
def worker(tmp_path):
    """Give a worker with ONNX Runtime that waits for its host."""
    with running([program()], tmp_path) as (server,):
        yield server


@pytest.fixture
def connect(worker):
    """Return a function that makes a fleet of the one worker."""
    fleets = []

    def fleet(deadline=PATIENCE):
        fleets.append(Fleet([(worker.address, worker.port)], deadline))
        return fleets[-1]

    yield fleet
    for one in fleets:
        one.close()


def load(fleet, model):
    """Load `model` on the one node."""
    fleet.load([model], [EXPECTED])


def right(reply, seed):
    """Whether a reply is what the layer of this seed says to the image."""
    wanted = IMAGE.reshape(1, -1) @ onnx_samples.weights(seed)
    return reply.fault is None and np.allclose(reply.array, wanted, atol=1e-5)


def wait_until(holds):
    """Return when `holds()`, which happens soon or is an error."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it does not come true"
        select.select([], [], [], 0.01)


def raw(worker):
    """Connect to the worker without a fleet."""
    line = socket.create_connection((worker.address, worker.port), PATIENCE)
    line.settimeout(PATIENCE)
    return line


def said(line):
    """Return the frames that arrive on `line` until the worker ends it."""
    reader, frames = Reader(message.MAX_ANSWER), []
    while piece := line.recv(1 << 16):
        frames += reader.feed(piece)
    return frames


def test_worker_answers_as_its_model(connect):
    """A worker answers what its model says; times and bytes are told, and no line behind it."""
    fleet = connect()
    load(fleet, onnx_samples.layer(1))

    (reply,) = fleet.ask(IMAGE)
    assert right(reply, 1)
    assert 0 < reply.device_ns < reply.elapsed_ns
    assert reply.sent == message.frame_bytes(Kind.ASK, IMAGE.shape, "float32")
    assert reply.received == message.frame_bytes(Kind.ANSWER, *EXPECTED)
    assert len(fleet.time(0, IMAGE, 2, 3)) == 3
    assert fleet.traffic(0) is None


def test_second_model_takes_the_place_of_the_first(connect):
    """After a second load the second model answers."""
    fleet = connect()
    for seed in (1, 2):
        load(fleet, onnx_samples.layer(seed))
        assert right(fleet.ask(IMAGE)[0], seed)


def test_worker_outlives_its_hosts(connect, worker):
    """Hosts that go away, at once, within a question or after one, leave a worker for the next."""
    raw(worker).close()
    with raw(worker) as line:
        line.sendall(message.ask(1, IMAGE)[:-1])
    first = connect()
    load(first, onnx_samples.layer(1))
    assert right(first.ask(IMAGE)[0], 1)
    first.close()

    second = connect()
    load(second, onnx_samples.layer(2))
    assert right(second.ask(IMAGE)[0], 2)
    assert worker.died() is None


def test_model_of_one_host_does_not_answer_the_next(connect, worker):
    """A host that asks before it has loaded is told so, whoever was there before."""
    first = connect()
    load(first, onnx_samples.layer(1))
    first.close()

    with raw(worker) as line:
        line.sendall(message.ask(5, IMAGE))
        line.shutdown(socket.SHUT_WR)
        (frame,) = said(line)
    assert (frame.kind, frame.number) == (Kind.FAULT, 5)
    assert message.read_fault(frame) == "no model is loaded"


def test_second_host_is_told_that_it_must_wait(connect):
    """While one host is served another one is refused in words; afterwards it is let in."""
    first = connect()
    load(first, onnx_samples.layer(1))

    with pytest.raises(HarnessError, match="refused: the worker serves another host"):
        load(connect(), onnx_samples.layer(2))
    assert right(first.ask(IMAGE)[0], 1)
    first.close()
    load(connect(), onnx_samples.layer(2))


def test_broken_model_is_told_and_the_worker_stays(connect):
    """A model that cannot be loaded is told in the runtime's words; a sound one can follow."""
    with pytest.raises(HarnessError, match=r"^node 0 at .*: failed: ONNX Runtime cannot"):
        load(connect(), b"no model")

    fleet = connect()
    load(fleet, onnx_samples.layer(1))
    assert right(fleet.ask(IMAGE)[0], 1)


def test_image_of_another_shape_is_told_and_the_worker_stays(connect):
    """A question that the model cannot answer is told, and the next one answered."""
    fleet = connect()
    load(fleet, onnx_samples.layer(1))

    fault = fleet.ask(np.zeros((1, 2), np.float32))[0].fault
    assert fault.startswith("failed: ONNX Runtime cannot run the model")
    assert right(fleet.ask(IMAGE)[0], 1)


def test_numbers_that_are_not_finite_are_told(connect):
    """A model that computes what is no number is garbage, and never an answer."""
    fleet = connect()
    load(fleet, onnx_samples.logarithm())

    assert fleet.ask(-np.abs(IMAGE))[0].fault == "garbage: numbers that are not finite"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"GET / HTTP/1.1\r\nHost: node\r\n\r\n", "bytes of another protocol"),
        (message.ask(1, IMAGE)[:-1] + b"\0", "checksum"),
    ],
)
def test_other_protocols_are_told_and_ended(worker, content, words):
    """A host whose bytes are no frames is told why and left; the worker stays."""
    with raw(worker) as line:
        line.sendall(content)
        (frame,) = said(line)
    assert frame.number == 0
    assert words in message.read_fault(frame)
    assert worker.died() is None


def test_questions_that_were_given_up_are_passed_over(worker):
    """Of questions that wait one behind the other the newest is answered, with its number."""
    with raw(worker) as line:
        content = message.load(1, onnx_samples.layer(1))
        line.sendall(content + b"".join(message.ask(number, IMAGE) for number in (2, 3, 4)))
        line.shutdown(socket.SHUT_WR)
        frames = [(frame.kind, frame.number) for frame in said(line)]
    # What goes out in one small piece arrives in one.
    assert frames == [(Kind.LOADED, 1), (Kind.ANSWER, 4)]


def test_worker_that_is_killed_while_it_computes(connect, worker):
    """A node that computes without end is late; killed in the middle of it, it has died."""
    fleet = connect(deadline=0.3)
    load(fleet, onnx_samples.endless())

    assert fleet.ask(IMAGE)[0].fault == "late: no answer within 0.3 s"
    os.kill(worker.pid, signal.SIGKILL)
    wait_until(lambda: worker.died() is not None)
    assert fleet.ask(IMAGE)[0].fault.startswith("died: ")


@pytest.mark.parametrize("served", [True, False])
def test_worker_ends_on_sigterm(connect, worker, served):
    """A worker ends when asked to, with a host or without one, as a shell expects."""
    fleet = connect()
    if served:
        load(fleet, onnx_samples.layer(1))
    os.kill(worker.pid, signal.SIGTERM)

    wait_until(lambda: worker.died() is not None)
    assert "ended with status 143" in worker.died()
    if served:
        assert fleet.ask(IMAGE)[0].fault == "died: it ended the connection"


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--runtime", "tvm_rpc"], 1, "runtime 'tvm_rpc' needs a server"),
        (["--runtime", "tvm_rpc", "--server", "nowhere"], 2, "'nowhere' is no ADDRESS:PORT"),
        (["--runtime", "tvm_rpc", "--server", "node:0"], 2, "'0' is no port: take 1 to 65535"),
        (["--runtime", "onnxruntime", "--server", "127.0.0.1:1"], 1, "runs in the worker"),
        (["--runtime", "onnxruntime", "--port", "70000"], 2, "'70000' is no port"),
        (["--runtime", "onnxruntime", "--address", "192.0.2.1"], 1, "cannot listen at 192.0.2.1"),
        (["--runtime", "none"], 2, "invalid choice"),
    ],
)
def test_worker_that_cannot_begin(arguments, status, words):
    """A wrong call ends at once with a status and a sentence, without a traceback."""
    line = [*WORKER, "--address", "127.0.0.1", "--port", "1", *arguments]
    done = subprocess.run(
        line, capture_output=True, text=True, check=False, timeout=PATIENCE,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip

    assert done.returncode == status
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_port_that_is_taken(worker):
    """A port at which somebody listens already is told with the address."""
    done = subprocess.run(
        [*WORKER, "--address", worker.address, "--port", str(worker.port),
         "--runtime", "onnxruntime"],
        capture_output=True, text=True, check=False, timeout=PATIENCE, stdin=subprocess.DEVNULL,
    )  # fmt: skip

    assert done.returncode == 1
    assert f"cannot listen at 127.0.0.1 port {worker.port}: address already in use" in done.stderr


@pytest.mark.parametrize("model", ["layer", "endless"])
def test_no_worker_outlives_a_host_that_is_killed(tmp_path, model):
    """A host that is killed, also while its nodes compute, leaves neither workers nor keepers."""
    host = subprocess.Popen(
        [sys.executable, HOST, tmp_path, model], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    )
    with host:
        try:
            pids = [int(word) for word in host.stdout.readline().split()]
            assert len(pids) == 4
            assert all(map(alive, pids))
        finally:
            host.kill()

    wait_until(lambda: not any(map(alive, pids)))
