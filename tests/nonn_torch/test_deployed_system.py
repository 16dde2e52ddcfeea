"""What a deployment makes of the answers of its nodes, without any node."""

from pathlib import Path

import numpy as np
import pytest
import torch
from nonn_stage import SMALL

from harness.errors import HarnessError
from reproductions.nonn.deployment.fleet import Fleet, Reply
from reproductions.nonn.deployment.nodes import Nodes
from reproductions.nonn.deployment.system import Deployed
from reproductions.nonn.networks import initialise
from reproductions.nonn.params.deployment import Sending
from reproductions.nonn.params.network import WideResNet
from reproductions.nonn.students import Students
from reproductions.nonn.survivors import heard, subsets

SIZES = (5, 3, 4)
SCALES = [np.full(size, 0.25, np.float32) for size in SIZES]


@pytest.fixture(scope="module")
def system():
    """Return three students with drawn weights."""
    made = Students(WideResNet(family="wrn", depth=10, width=1, **SMALL), SIZES)
    initialise(made, 3)
    return made.eval().requires_grad_(False)


def reply(node, array, fault=None):
    """Return what came of a question to a node."""
    return Reply(node, array, 1, 1, 0, 0, fault)


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_the_final_layer_hears_what_the_training_heard(system, precision):
    """For every subset the final layer is given the features that training with dropout gives."""
    random = np.random.Generator(np.random.PCG64(1))
    steps = [random.integers(0, 100, (1, size)) for size in SIZES]
    sent = [one.astype(precision) for one in steps]
    values = [one * (0.25 if precision == "int8" else 1.0) for one in steps]
    features = torch.from_numpy(np.concatenate(values, axis=1).astype(np.float32))
    sending = Sending(form="features", precision=precision)
    deployed = Deployed.students(system, sending, SCALES, last=True)

    for chosen in subsets(3):
        parts = [one if place in chosen else None for place, one in enumerate(sent)]
        alive = torch.tensor([[place in chosen for place in range(3)]])
        assert np.allclose(deployed.heard(parts), heard(features, SIZES, alive), rtol=1e-6)


@pytest.mark.parametrize("form", ["features", "logits"])
def test_the_host_adds_up_whoever_answered(system, form):
    """The class scores of the answers that came are those of the system with that subset."""
    image = torch.randn(1, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    deployed = Deployed.students(system, Sending(form=form, precision="float32"))
    names = tuple(deployed.names())
    _, features = system(image)
    with Fleet([], 1.0) as fleet:
        nodes = Nodes(fleet, (None,) * 3, names, Path())
        for chosen in subsets(3):
            replies = [
                reply(place, module(image).numpy() if place in chosen else None)
                for place, module in enumerate(deployed.modules)
            ]
            answer = deployed.answer(nodes, replies)
            alive = torch.tensor([[place in chosen for place in range(3)]])

            assert answer.standing == chosen
            wanted = system.head(heard(features, SIZES, alive))
            assert np.allclose(answer.logits, wanted, atol=1e-5)


def test_nobody_answered(system):
    """When no node answers, each is named with its own reason."""
    deployed = Deployed.students(system, Sending(form="features", precision="float32"))
    faults = ["late: 1 s", "died: the connection ended", "garbage: no frame"]
    with Fleet([], 1.0) as fleet, pytest.raises(HarnessError) as told:
        deployed.answer(
            Nodes(fleet, (None,) * 3, tuple(deployed.names()), Path()),
            [reply(place, None, fault) for place, fault in enumerate(faults)],
        )

    for place, fault in enumerate(faults):
        assert f"student-{place}: {fault}" in told.value.message


def test_the_teacher_answers_for_itself(system):
    """A network on one node answers with its class scores as they are."""
    deployed = Deployed.whole(system)
    scores = np.array([[1.0, 3.0, 2.0, 0.0]], np.float32)
    with Fleet([], 1.0) as fleet:
        answer = deployed.answer(Nodes(fleet, (None,), ("teacher",), Path()), [reply(0, scores)])

    assert answer.logits is scores
    assert (answer.standing, answer.of) == ((0,), 1)
