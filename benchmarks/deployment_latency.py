"""Time one image on deployed networks, untrained, at the reviewer's size; run by tvm's Python.

``python deployment_latency.py nodes`` asks a teacher on one node, two students on a node each,
and each of those alone, in turns; the last also for two students of the publication's size.
``python deployment_latency.py runtimes`` runs one student with ONNX Runtime, with TVM and with
PyTorch, in turns and on one core.

The seconds of every round are printed as JSON, by name.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from harness.formats.arrays import Array
from reproductions.nonn.deployment.nodes import Nodes, placed
from reproductions.nonn.deployment.place import Place
from reproductions.nonn.deployment.system import Deployed
from reproductions.nonn.networks import Classifier
from reproductions.nonn.params.deployment import Sending
from reproductions.nonn.params.network import WideResNet
from reproductions.nonn.students import Students

TEACHER, STUDENT = (
    WideResNet(family="wrn", depth=10, width=width, image_size=28, image_channels=1)
    for width in (2, 1)
)
PUBLISHED = WideResNet(family="wrn", depth=16, width=1)
FILTERS, DEADLINE_S = (64, 64), 60.0
ROUNDS, QUESTIONS, RUNS = 20, 10, 5
# The final layer is linear: each student applies its own part of it, at the same time.
SENDING = Sending(form="logits", precision="float32")


def in_turns(calls: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Return the seconds of each call in every round, the least of some questions.

    A busy neighbour takes a core away for longer than an answer lasts: the least of a round is
    what it left alone. The first round does not count.
    """
    found: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(1 + ROUNDS):
        for name, call in calls.items():
            found[name].append(min(call() for _ in range(QUESTIONS)))
    return {name: seconds[1:] for name, seconds in found.items()}


def nodes(image: Tensor, students: Students, teacher: nn.Module, folder: Path) -> None:
    """Time questions to nodes, from the first byte sent until the class scores are there."""
    place = Place("onnxruntime")
    system, whole = Deployed.students(students, SENDING), Deployed.whole(teacher)
    # The teacher's core is the first student's as well, which waits meanwhile.
    large, picture = Deployed.students(drawn(PUBLISHED), SENDING), picture_of(PUBLISHED)
    jobs = [
        *system.jobs(place, image), *whole.jobs(place, image), *large.jobs(place, picture),
    ]  # fmt: skip
    with placed(jobs, DEADLINE_S, folder) as there:
        sent, published = image.numpy(), picture.numpy()
        calls = {
            "students": lambda: asked(system, there, sent, [0, 1]),
            "teacher": lambda: asked(whole, there, sent, [2]),
            "student-0": lambda: alone(there, sent, 0),
            "student-1": lambda: alone(there, sent, 1),
            "together": lambda: together(there, sent, [0, 1]),
            "published-0": lambda: alone(there, published, 3),
            "published-1": lambda: alone(there, published, 4),
            "published-together": lambda: together(there, published, [3, 4]),
        }
        print(json.dumps(in_turns(calls)))


def asked(system: Deployed, there: Nodes, image: Array, among: list[int]) -> float:
    """Return the seconds of one answer of a system with its final layer."""
    start = time.perf_counter()
    answer = system.answer(there, there.fleet.ask(image, among))
    taken = time.perf_counter() - start
    assert answer.standing == tuple(range(answer.of))
    return taken


def alone(there: Nodes, image: Array, node: int) -> float:
    """Return the seconds until one node has answered."""
    (reply,) = there.fleet.ask(image, [node])
    assert reply.elapsed_ns is not None, reply.fault
    return reply.elapsed_ns / 1e9


def together(there: Nodes, image: Array, among: list[int]) -> float:
    """Return the seconds until all of `among`, asked at once, have answered."""
    elapsed = [reply.elapsed_ns for reply in there.fleet.ask(image, among)]
    return max(one for one in elapsed if one is not None) / 1e9


def runtimes(image: Tensor, students: Students, folder: Path) -> None:
    """Time one student on its runtimes, without the network, and in PyTorch's eager mode."""
    module = students.nodes()[0].eval()
    core = min(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})  # of the nodes too, which have this process's cores
    torch.set_num_threads(1)
    one = Deployed([module])
    jobs = [job for runtime in ("onnxruntime", "tvm") for job in one.jobs(Place(runtime), image)]
    with placed(jobs, DEADLINE_S, folder) as there, torch.inference_mode():
        sent = image.numpy()

        def eager() -> float:
            start = time.perf_counter()
            for _ in range(RUNS):
                module(image)
            return (time.perf_counter() - start) / RUNS

        calls = {
            "onnxruntime": lambda: there.fleet.time(0, sent, RUNS, 1)[0],
            "tvm": lambda: there.fleet.time(1, sent, RUNS, 1)[0],
            "eager": eager,
        }
        print(json.dumps(in_turns(calls)))


def picture_of(network: WideResNet) -> Tensor:
    """Return an image for `network`."""
    shape = (1, network.image_channels, network.image_size, network.image_size)
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


def drawn(network: WideResNet) -> Students:
    """Return two untrained students."""
    return Students(network, FILTERS).eval().requires_grad_(False)


def main(what: str) -> None:
    """Build the networks and time them."""
    image, students = picture_of(STUDENT), drawn(STUDENT)
    teacher = Classifier(TEACHER).eval().requires_grad_(False)
    with tempfile.TemporaryDirectory() as folder:
        if what == "nodes":
            nodes(image, students, teacher, Path(folder))
        else:
            runtimes(image, students, Path(folder))


if __name__ == "__main__":
    main(sys.argv[1])
