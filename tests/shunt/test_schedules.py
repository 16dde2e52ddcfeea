"""The learning rates over the epochs, and the parameters that describe a training."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from reproductions.shunt.params.distillation import Distillation
from reproductions.shunt.params.training import Crop, ShuntTraining, Training
from reproductions.shunt.training.schedule import rate

LOSSES = st.lists(st.floats(0, 10), max_size=30)


def rates(schedule, losses, epochs=10, base=0.1):
    """Return the rate of every epoch up to the one after `losses`."""
    how = Training(epochs=epochs, learning_rate=base, schedule=schedule)
    return [rate(how, losses[:epoch]) for epoch in range(len(losses) + 1)]


def test_a_constant_rate_stays():
    """Every epoch has the first one's rate."""
    assert rates({"kind": "constant"}, [1.0, 2.0]) == [0.1, 0.1, 0.1]


def test_poly_is_the_textbook():
    """Epoch e of E has the rate base (1 - e / E)^p."""
    expected = [0.1 * (1 - epoch / 10) ** 0.9 for epoch in range(10)]

    assert rates({"kind": "poly"}, [1.0] * 9) == pytest.approx(expected)


def test_released_poly_is_one_epoch_late():
    """As released, epoch e >= 1 has the rate base (1 - (e - 1) / E)^p, and epoch 0 the base."""
    expected = [0.1] + [0.1 * (1 - (epoch - 1) / 10) ** 0.9 for epoch in range(1, 10)]

    assert rates({"kind": "poly", "compat": True}, [1.0] * 9) == pytest.approx(expected)


def test_two_cycles_change_the_rate_once():
    """The first cycle has the base, every later epoch the second rate."""
    schedule = {"kind": "two_cycles", "first": 2, "second_rate": 0.001}

    assert rates(schedule, [1.0] * 4) == [0.1, 0.1, 0.001, 0.001, 0.001]


def test_a_first_cycle_that_never_ends_is_refused():
    """The message names both numbers."""
    schedule = {"kind": "two_cycles", "first": 4, "second_rate": 0.001}

    with pytest.raises(ValidationError, match="is 4, which leaves no second cycle of 4"):
        Training(epochs=4, learning_rate=0.1, schedule=schedule)


def test_plateau_waits_for_its_patience():
    """After two epochs without a lower loss the rate falls, and the waiting begins anew."""
    schedule = {"kind": "plateau", "factor": 0.5, "patience": 2}
    losses = [3.0, 2.0, 2.0, 2.5, 2.0, 2.0, 1.0, 1.0]

    assert rates(schedule, losses) == [0.1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.025, 0.025, 0.025]


def test_a_fall_below_one_ten_thousandth_is_none():
    """Keras's callback, which the release takes, counts a loss as lower from 1e-4 on."""
    schedule = {"kind": "plateau", "factor": 0.5, "patience": 1}

    assert rates(schedule, [1.0, 0.99995])[-1] == 0.05
    assert rates(schedule, [1.0, 0.9998])[-1] == 0.1


def test_plateau_ends_at_its_minimum():
    """The rate falls to the minimum and no lower."""
    schedule = {"kind": "plateau", "factor": 0.1, "patience": 1, "minimum": 0.005}

    assert rates(schedule, [1.0] * 4) == pytest.approx([0.1, 0.1, 0.01, 0.005, 0.005])


@given(LOSSES, st.integers(1, 5), st.floats(0.1, 0.9))
def test_plateau_never_rises_and_forgets_nothing(losses, patience, factor):
    """The rate of an epoch depends on the losses before it alone, and never exceeds the last."""
    schedule = {"kind": "plateau", "factor": factor, "patience": patience}
    found = rates(schedule, losses)

    assert all(later <= earlier for earlier, later in pairwise(found))
    assert found[: len(losses)] == rates(schedule, losses[:-1])[: len(losses)]


def test_the_defaults_are_the_published_ones():
    """SGD with momentum 0.9 and poly for networks, Adam from 0.1 and plateau for shunts."""
    network, shunt = Training(), ShuntTraining()

    assert (network.epochs, network.batch_size, network.learning_rate) == (700, 24, 0.05)
    assert (network.momentum, network.schedule.kind, network.schedule.power) == (0.9, "poly", 0.9)
    assert (shunt.epochs, shunt.batch_size, shunt.learning_rate) == (120, 24, 0.1)
    assert shunt.schedule.model_dump() == {
        "kind": "plateau", "factor": 0.1, "patience": 4, "minimum": 1e-7,
    }  # fmt: skip


def test_scales_go_from_the_smallest_to_the_largest():
    """The published scales are 0.5 to 2 in steps of 0.25."""
    assert Crop(kind="crop").scales == (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)
    assert Crop(kind="crop", smallest=1.0, largest=1.0).scales == (1.0,)


@pytest.mark.parametrize(
    "wrong",
    [
        {"batch_size": 1},
        {"epochs": 0},
        {"learning_rate": 0.0},
        {"momentum": 1.0},
        {"freeze": "the_teacher"},
        {"schedule": {"kind": "cosine"}},
        {"augment": {"kind": "crop", "smallest": 2.0, "largest": 1.0}},
        {"nesterov": True},
    ],
)
def test_a_training_that_cannot_be_is_refused(wrong):
    """No unknown key, policy or schedule, and no number out of its range."""
    with pytest.raises(ValidationError):
        Training(**wrong)


def test_each_distillation_has_its_own_parameters():
    """The examples' values are the defaults, and another kind's parameter is refused."""
    read = TypeAdapter(Distillation).validate_python
    dark = read({"kind": "dark_knowledge"})

    assert (dark.temperature, dark.strength, dark.compat) == (5.0, 4.0, False)
    assert read({"kind": "ace"}).kappa == 0.3
    assert read({"kind": "attention"}).layers == 0
    for wrong in ({"kind": "plain", "kappa": 0.3}, {"kind": "ace", "kappa": 1.1}, {"kind": "hint"}):
        with pytest.raises(ValidationError):
            read(wrong)
