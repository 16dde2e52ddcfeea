"""The loop: equal bytes, exact resume, balancing, the best epoch, and numbers that are none."""

import ensemble_training_samples as samples
import numpy as np
import pytest

from harness.errors import HarnessError
from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.params.teaching import Teaching
from reproductions.ensemble_kd.params.training import Shift
from reproductions.ensemble_kd.training.course import Course
from reproductions.ensemble_kd.training.loop import Watch, train

PROGRESSIVE = Teaching(mode="progressive")


def along(how):
    """Return a function that builds an ensemble and a teacher that is trained along with it."""

    def build():
        simple = Teaching(mode="simple")
        return [
            samples.ensemble(how=how, teaching=simple),
            samples.ensemble("teacher", (32,), how, seed=3),
        ]

    return build


@pytest.mark.parametrize("balance", ["equal", "gradient_norm"])
def test_a_stopped_training_goes_on_to_the_same_bytes(tmp_path, balance):
    """A training that is stopped in its first or second job ends as one without a stop."""
    how = samples.training(balance=balance, augment=Shift(pad=1))
    jobs = [samples.job(along(how), how, name, gradients=True) for name in ("one", "two")]
    whole = train(jobs, samples.run())
    for stop in (1, 3):
        path = tmp_path / f"{stop}.safetensors"
        first = train(jobs, samples.run(path), Watch(stop_after=stop))
        assert not first.finished
        resumed = train(jobs, samples.run(path))

        assert resumed.finished
        assert samples.text(resumed.history) == samples.text(whole.history)
        assert samples.text(resumed.gradients) == samples.text(whole.gradients)
        for name in ("one", "two"):
            for network in ("ensemble", "teacher"):
                assert samples.same(resumed.best[name][network], whole.best[name][network])


def test_a_finished_training_is_not_repeated(tmp_path):
    """A checkpoint of all epochs gives its results without another step."""
    how = samples.training(epochs=1)
    jobs = [samples.job(lambda: [samples.ensemble(how=how)], how)]
    path = tmp_path / "checkpoint.safetensors"
    first = train(jobs, samples.run(path))
    again = train(jobs, samples.run(path), Watch(step=lambda _: pytest.fail("a step")))

    assert samples.same(first.best["sample"]["ensemble"], again.best["sample"]["ensemble"])


def test_measuring_gradients_changes_nothing():
    """The values are the same to the bit whether gradient norms are measured or not."""
    how = samples.training(epochs=1)
    found = [
        train(
            [samples.job(lambda: [samples.ensemble(how=how)], how, gradients=asked)], samples.run()
        )
        for asked in (True, False)
    ]

    assert samples.same(*(one.best["sample"]["ensemble"] for one in found))
    assert [row["bits"] for row in found[0].gradients] == [32, 4, 1]
    assert all(row["norm"] > 0 for row in found[0].gradients)
    assert found[1].gradients == []


def test_balanced_gradients_pull_equally():
    """Balancing scales each member's gradient on shared weights to the mean norm, and no more."""
    found = {}
    for balance in ("equal", "gradient_norm"):
        how = samples.training(epochs=1, balance=balance, optimiser="sgd", momentum=0.0)
        course = Course(samples.job(lambda how=how: [samples.ensemble(how=how)], how, steps=1,
                                    gradients=True))  # fmt: skip
        before = course.last["ensemble"]
        course.epoch(0, np.random.default_rng(0))
        found[balance] = {
            name: value - before[name] for name, value in course.last["ensemble"].items()
        }
        if course.balance is not None:
            norms = course.balance.norms * course.balance.factors
    own = [name for name in found["equal"] if name.startswith("bits")]

    np.testing.assert_allclose(norms, norms.mean(), rtol=1e-6)
    for name in own:
        np.testing.assert_allclose(found["gradient_norm"][name], found["equal"][name],
                                   rtol=1e-3, atol=1e-5)  # fmt: skip
    shared = "stage2.block2.conv.weight"
    assert not np.allclose(found["equal"][shared], found["gradient_norm"][shared], rtol=0.1)


def test_balancing_needs_detached_members():
    """Gradients of members that pull at each other cannot be balanced."""
    how = samples.training(balance="gradient_norm")
    teaching = Teaching(mode="progressive", detach=False)
    with pytest.raises(HarnessError, match="whose gradient it is cannot be told apart"):
        Course(samples.job(lambda: [samples.ensemble(how=how, teaching=teaching)], how))


def test_a_member_without_weight_does_not_learn():
    """A member whose loss weighs nothing keeps what is its own."""
    how = samples.training(epochs=1, member_weights=(1.0, 0.0, 2.0))
    course = Course(samples.job(lambda: [samples.ensemble(how=how)], how))
    before = course.last["ensemble"]
    course.epoch(0, np.random.default_rng(0))
    name = "stage1.block1.bn.gamma"

    moved = [
        before[f"bits{bits}.{name}"].tobytes()
        != course.last["ensemble"][f"bits{bits}.{name}"].tobytes()
        for bits in samples.WIDTHS
    ]
    assert moved == [True, False, True]


def test_one_bit_learns_with_pact():
    """A member of one bit whose activations are PACT trains, and its clip levels move."""
    how = samples.training(optimiser="adam", learning_rate=0.02)
    pact = Quantisation(activations="pact")
    course = Course(
        samples.job(lambda: [samples.ensemble(widths=(1,), how=how, quantisation=pact)], how)
    )
    losses = [
        course.epoch(number, np.random.default_rng(number))[0][0]["loss"] for number in (0, 1)
    ]

    assert losses[1] < losses[0]
    assert course.last["ensemble"]["bits1.stage1.block2.alpha"] != 2


def test_wrong_number_of_member_weights_is_refused():
    """There is one weight for each member."""
    how = samples.training(member_weights=(1.0,))
    with pytest.raises(HarnessError, match="1 member weights for 3 members"):
        Course(samples.job(lambda: [samples.ensemble(how=how)], how))


def test_a_target_that_is_not_there_is_refused():
    """A target width without a member is refused, with the widths that there are."""
    with pytest.raises(HarnessError, match=r"target width is 2 bits; .* 32, 4, 1 bits"):
        Course(samples.job(lambda: [samples.ensemble(how=samples.training())], target_bits=2))


@pytest.mark.parametrize("bits", [32, 1])
def test_the_target_chooses_the_best_epoch(bits):
    """The best values are those of the last epoch in which the target's member was best."""
    how = samples.training(epochs=3)
    seen = []
    trained = train(
        [samples.job(lambda: [samples.ensemble(how=how)], how, target_bits=bits)],
        samples.run(),
        Watch(epoch=lambda one: seen.append((one.best, one.course.last["ensemble"]))),
    )
    reached = [row["validation_top1"] for row in trained.history if row["bits"] == bits]
    best = max(number for number, value in enumerate(reached) if value == max(reached))

    assert samples.same(trained.best["sample"]["ensemble"], seen[best][1])
    assert seen[best][0]


def test_a_watcher_sees_every_batch_and_can_limit_them():
    """A watcher is told rate and losses of each batch; `steps` shortens the epochs."""
    how = samples.training(schedule={"kind": "cosine"})
    steps = []
    job = samples.job(lambda: [samples.ensemble(how=how)], how, steps=1)
    train([job], samples.run(), Watch(step=steps.append))

    assert [(one.epoch, one.step) for one in steps] == [(1, 1), (2, 1)]
    assert [one.rate for one in steps] == [0.01, 0.0]
    assert all(len(one.losses) == 3 for one in steps)


def test_a_loss_that_is_none_keeps_the_last_good_state(tmp_path):
    """A NaN in an epoch stops with advice; network and checkpoint are as after the epoch before."""
    how = samples.training(epochs=3)
    path = tmp_path / "checkpoint.safetensors"
    courses = []

    def spoil(epoch):
        courses.append(epoch.course)
        descent = epoch.course.descents["ensemble"]
        parameter = descent.parameters["output.bias"]
        parameter.set_data(parameter.data() * np.nan)

    job = samples.job(lambda: [samples.ensemble(how=how)], how)
    with pytest.raises(HarnessError, match="epoch 2, batch 1: the loss at 32, 4, 1 bits") as told:
        train([job], samples.run(path), Watch(epoch=spoil))

    assert "lower the learning rate" in told.value.remedy
    course = courses[0]
    assert samples.same(course.chain.pupil.values(), course.last["ensemble"])
    saved = samples.run(path).checkpoint.load()
    assert saved.done == 1
    assert np.isfinite(saved.tensors["values.ensemble.output.bias"]).all()
