"""What learns under each policy of freezing, and what stays to the bit."""

import numpy as np
import pytest
import training_samples as samples
from interruption import KillError, StopAfter
from training_samples import FIRST, LAST, images_of, network, run, training

from harness.errors import HarnessError
from reproductions.shunt import models
from reproductions.shunt.surgery.replacement import with_shunts
from reproductions.shunt.training.freezing import Freezer
from reproductions.shunt.training.loop import Subject, Task, train
from reproductions.shunt.training.objective import supervised
from reproductions.shunt.weights import snapshot

IMAGES, VALIDATION = images_of(20), images_of(8, seed=1)
SHUNTS = {"shunt_1_1": FIRST, "shunt_3_3": LAST}
FRONT = {"Conv", "expanded_conv_0"}
BETWEEN, BEHIND = {"expanded_conv_2"}, {"expanded_conv_4", "Conv_1", "Logits"}


def shunted(*names):
    """Return the tiny network with shunts in the places of blocks."""
    windows = [SHUNTS[name] for name in names]
    return with_shunts(
        network(blocks=5), {window: samples.shunt(window) for window in windows}, prefix=""
    )


def place(name):
    """Return the block, shunt or layer that a weight or layer belongs to."""
    layer = name.partition("/")[0]
    parts = layer.split("_")
    return "_".join(parts[:3]) if layer.startswith(("expanded", "shunt")) else layer


def learning(policy, epoch, *names):
    """Return what has trainable weights in an epoch."""
    model = shunted(*names)
    freezer = Freezer(model, policy, names)
    freezer.thaw(epoch)
    return {place(layer.name) for layer in model.layers if layer.trainable_weights}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("nothing", FRONT | {"shunt_1_1", "shunt_3_3"} | BETWEEN | BEHIND),
        ("before_shunt", {"shunt_1_1", "shunt_3_3"} | BETWEEN | BEHIND),
        ("through_shunt", BEHIND),
        ("all_but_shunt", {"shunt_1_1", "shunt_3_3"}),
    ],
)
def test_a_policy_says_what_learns(policy, expected):
    """In front of the first shunt, through the last, and the shunts alone."""
    assert learning(policy, 0, "shunt_1_1", "shunt_3_3") == expected


def test_blocks_are_released_from_the_top():
    """One more block learns every two epochs, from what follows the blocks to what precedes."""
    steps = [learning("release_from_top", epoch, "shunt_1_1") for epoch in range(14)]
    head = {"Conv_1", "Logits"}
    order = ["expanded_conv_4", "expanded_conv_3", "expanded_conv_2", "shunt_1_1"]

    assert steps[0] == steps[1] == head
    for number, name in enumerate(order, 1):
        assert steps[2 * number] == steps[2 * number + 1] == head | set(order[:number])
        assert name in steps[2 * number]
    assert steps[10] == head | set(order) | {"expanded_conv_0"}
    assert steps[12] == steps[13] == head | set(order) | FRONT


def test_blocks_are_released_from_the_shunt():
    """The shunt learns first, then its neighbours, of equally near ones the one behind it."""
    steps = [learning("release_from_shunt", 2 * step, "shunt_1_1") for step in range(7)]
    order = [{"shunt_1_1"}, {"expanded_conv_2"}, {"expanded_conv_0"}, {"expanded_conv_3"},
             {"Conv"}, {"expanded_conv_4"}, {"Conv_1", "Logits"}]  # fmt: skip

    for number, found in enumerate(steps, 1):
        assert found == set().union(*order[:number])


def test_a_change_of_what_learns_is_told():
    """The step has to be compiled again in these epochs, and in no other."""
    model = shunted("shunt_1_1")
    freezer = Freezer(model, "release_from_top", ["shunt_1_1"])

    assert [freezer.thaw(epoch) for epoch in range(5)] == [True, False, True, False, True]
    assert not Freezer(model, "nothing", []).thaw(0)


@pytest.mark.parametrize("names", [[], ["shunt_9_9"]])
def test_a_policy_about_shunts_that_are_not_there_is_refused(names):
    """The message names what is missing."""
    with pytest.raises(HarnessError, match=r"the network 'tiny' has (none|no 'shunt_9_9')"):
        Freezer(shunted("shunt_1_1"), "before_shunt", names)


def begin(_done):
    """Return the network with one shunt, to be trained."""
    model = shunted("shunt_1_1")
    return Subject(model, supervised(models.logits(model)), shunts=("shunt_1_1",))


def moved(policy, epochs):
    """Return what a training has changed, by the state at its end."""
    ends = []

    def look(model):
        ends.append(snapshot(model))
        return {}

    how = training(epochs=epochs, freeze=policy)
    train([Task("tiny", begin, look)], IMAGES, VALIDATION, how, run())
    before = snapshot(shunted("shunt_1_1"))
    return {
        place(name) for name, value in ends[-1].items() if not np.array_equal(value, before[name])
    }


def test_frozen_layers_stay_to_the_bit():
    """Neither their weights nor the moving statistics of their batch normalisation move."""
    behind = {"expanded_conv_2", "expanded_conv_3", *BEHIND}

    assert moved("before_shunt", 1) == behind | {"shunt_1_1"}
    assert moved("all_but_shunt", 1) == {"shunt_1_1"}


def test_a_killed_release_goes_on_to_the_same_bytes(tmp_path):
    """What has begun to learn goes on to; what has not yet, has not."""
    how = training(epochs=3, freeze="release_from_shunt")
    whole = train([Task("tiny", begin)], IMAGES, VALIDATION, how, run())
    path = tmp_path / "checkpoint"
    with pytest.raises(KillError):
        train([Task("tiny", begin)], IMAGES, VALIDATION, how, run(path, StopAfter(2)))
    found = train([Task("tiny", begin)], IMAGES, VALIDATION, how, run(path))

    assert found.history == whole.history
    for name, value in whole.weights["tiny"].items():
        assert found.weights["tiny"][name].tobytes() == value.tobytes()
