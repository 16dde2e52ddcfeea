"""The training loop: the same bytes in another process, after a kill, in another order."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
import training_samples as samples
from interruption import KillError, StopAfter
from training_samples import FIRST, LAST, images_of, network, run, training

from harness.errors import HarnessError
from harness.formats import arrays
from reproductions.shunt import models
from reproductions.shunt.params.training import ShuntTraining
from reproductions.shunt.training import schedule
from reproductions.shunt.training.descent import optimiser_for
from reproductions.shunt.training.imitation import (
    shunt_history,
    shunt_tasks,
    shunt_weights,
)
from reproductions.shunt.training.loop import Goal, Subject, Task, train
from reproductions.shunt.training.objective import supervised
from reproductions.shunt.training.step import strategy_of
from reproductions.shunt.weights import restore, snapshot

ROOT = Path(__file__).parents[2]
IMAGES, VALIDATION = images_of(30), images_of(12, seed=1)


def task(name="tiny", **about):
    """Return the training of the tiny network."""

    def begin(_done):
        model = network(**about)
        return Subject(model, supervised(models.logits(model)))

    return Task(name, begin)


def trained(how=None, *tasks, **about):
    """Train the tiny network."""
    images = about.pop("images", IMAGES)
    return train(tasks or [task()], images, VALIDATION, how or training(), run(**about))


def equal(one, two):
    """Tell whether two trainings gave the same bits."""
    return one.history == two.history and all(
        one.weights[name].keys() == two.weights[name].keys()
        and all(
            value.tobytes() == two.weights[name][key].tobytes()
            for key, value in one.weights[name].items()
        )
        for name in one.weights.keys() | two.weights.keys()
    )


@pytest.fixture(scope="module")
def whole():
    """Train once without interruption."""
    return trained()


def test_the_network_learns(whole):
    """The loss falls, the bright thirds are told apart, and the row says by which rate."""
    first, last = whole.history

    assert [row["epoch"] for row in whole.history] == [1, 2]
    assert last["loss"] < first["loss"]
    assert last["validation_accuracy"] > 90
    assert {row["learning_rate"] for row in whole.history} == {0.1}
    assert list(first) == [
        "network", "epoch", "learning_rate", "loss", "regulariser", "train_accuracy",
        "validation_accuracy",
    ]  # fmt: skip


def test_loss_and_regulariser_are_told_apart():
    """The loss is the pure cross entropy; the L2 terms stand beside it."""
    model, seen = network(), []

    def objective(images, labels, index):
        loss, told = supervised(models.logits(model))(images, labels, index)
        return loss, told | {"again": loss}

    def begin(_done):
        seen.append(float(tf.add_n(model.losses)))
        return Subject(model, objective)

    how = training(epochs=1, learning_rate=1e-9)
    (row,) = train([Task("one", begin)], IMAGES, VALIDATION, how, run()).history

    kernels = [w for w in model.trainable_weights if "_expand/" in w.path]
    by_hand = sum(float(1e-3 * np.sum(np.square(w.numpy()))) for w in kernels)
    assert row["loss"] == row["again"]
    assert row["regulariser"] == pytest.approx(seen[0], rel=1e-5)
    assert row["regulariser"] == pytest.approx(by_hand, rel=1e-5)


def test_the_update_is_that_of_plain_keras():
    """One epoch gives the weights that Keras's `fit` gives for the same batches and rates."""
    how = training(epochs=1)
    found = trained(how).weights["tiny"]
    model = network()
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "sparse_categorical_crossentropy")
    batches = IMAGES.epoch(8, run().generator("epoch", 0), None)
    model.fit(batches.map(lambda images, labels, _: (images, labels)), verbose=0)

    expected = snapshot(model)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert np.allclose(found[name], value, atol=1e-5), name


def test_sgd_is_the_published_one():
    """Momentum 0.9 by default, no Nesterov's term: v <- m v - r g, w <- w + v."""
    weight = keras.Variable([1.0])
    optimiser = optimiser_for(training(), keras.Sequential())
    optimiser = type(optimiser).from_config(optimiser.get_config())
    for _ in range(2):
        optimiser.apply([tf.constant([1.0])], [weight])

    assert float(weight.value[0]) == pytest.approx(1 - 0.1 - (0.09 + 0.1))


def test_two_processes_give_the_same_bytes(whole, tmp_path):
    """Another process with another hash seed gives the same weights and the same history."""
    path = os.pathsep.join(filter(None, sys.path))
    environment = {**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": path}
    program = [sys.executable, __file__, str(tmp_path / "weights")]
    done = subprocess.run(
        program, check=True, env=environment, cwd=tmp_path, capture_output=True, text=True
    )

    other = arrays.read_weights(tmp_path / "weights")
    assert done.stdout.splitlines()[-1] == repr(whole.history)
    assert {name: value.tobytes() for name, value in other.items()} == {
        name: value.tobytes() for name, value in whole.weights["tiny"].items()
    }


def killed(how, tasks, path, *stops, images=IMAGES):
    """Train, killed after so many epochs each time, and once more to the end."""
    for stop in stops:
        with pytest.raises(KillError):
            train(tasks, images, VALIDATION, how, run(path, StopAfter(stop)))
    return train(tasks, images, VALIDATION, how, run(path))


def test_a_killed_training_goes_on_to_the_same_bytes(tmp_path, monkeypatch):
    """Killed within the first and the second task, with all that an epoch can remember."""
    how = training(
        epochs=3,
        augment={"kind": "shift"},
        schedule={"kind": "plateau", "patience": 1, "factor": 0.5},
    )
    monkeypatch.setattr(schedule, "LEAST_FALL", 10.0)
    tasks = [task("a", dropout=0.3), task("b", seed=3, dropout=0.3)]

    expected = trained(how, *tasks)
    assert equal(killed(how, tasks, tmp_path / "checkpoint", 1, 5), expected)
    assert len({row["learning_rate"] for row in expected.history}) > 1


def test_the_scope_of_a_strategy_changes_nothing(whole):
    """A model made in the release's scope, on one device, is trained to the same bits."""
    reduction = tf.distribute.ReductionToOneDevice()
    with tf.distribute.MirroredStrategy(["/cpu:0"], cross_device_ops=reduction).scope():
        made = task().build({})

    assert equal(trained(None, Task("tiny", lambda _done: made)), whole)


def test_a_strategy_over_two_devices_is_refused():
    """Sums over devices have no fixed order."""
    with pytest.raises(HarnessError, match="1 distribution strategies over 2 devices"):
        strategy_of(_Spread())


class _Spread:
    """A model whose weight lies on two devices."""

    name = "spread"

    class _Weight:
        class value:  # noqa: N801 - as Keras names it
            """A variable."""

            class distribute_strategy:  # noqa: N801 - as TensorFlow names it
                """A strategy."""

                num_replicas_in_sync = 2

    trainable_variables = (_Weight,)


def test_tasks_do_not_depend_on_each_other(whole):
    """A network has the same weights after another one and alone."""
    both = trained(training(), task("before", seed=3), task())

    assert [row for row in both.history if row["network"] == "tiny"] == whole.history
    for name, value in whole.weights["tiny"].items():
        assert np.array_equal(both.weights["tiny"][name], value)


def test_seeds_differ(whole):
    """Another seed orders the images otherwise."""
    assert not equal(trained(seed=1), whole)


def scripted(values, *, lower=False):
    """Train with a goal that takes these values; return the history and the chosen weights."""
    told = iter(values)
    states = []

    def begin(_done):
        model = network()
        goal = Goal("value", lambda: states.append(snapshot(model)) or {"value": next(told)}, lower)
        return Subject(model, supervised(models.logits(model)), goal)

    found = train([Task("one", begin)], IMAGES, VALIDATION, training(epochs=len(values)), run())
    best = found.weights["one"]
    return next(
        place for place, state in enumerate(states)
        if all(np.array_equal(state[name], best[name]) for name in best)
    )  # fmt: skip


def test_the_best_epoch_is_the_last_of_the_best():
    """Of equal epochs the last is taken, and for an error the lowest."""
    assert scripted([50.0, 70.0, 70.0, 60.0]) == 2
    assert scripted([0.5, 0.2, 0.3], lower=True) == 1


def test_the_watch_sees_every_epoch_and_the_end():
    """It is shown the best weights and the history so far."""
    seen = []
    found = train(
        [task()], IMAGES, VALIDATION, training(epochs=2), run(),
        lambda weights, rows: seen.append((sorted(weights), len(rows))),
    )  # fmt: skip

    assert seen == [(["tiny"], 1), (["tiny"], 2), (["tiny"], 2)]
    assert len(found.history) == 2


def shunts(order, epochs=2, augment=None, original=None, **how):
    """Return tasks that train two shunts of a network with random weights."""
    about = ShuntTraining(
        epochs=epochs, batch_size=8, learning_rate=0.05, order=order, augment=augment, **how
    )
    original = original or network(blocks=4)
    tasks = shunt_tasks(original, [FIRST, LAST], samples.shunt, (IMAGES, VALIDATION), about)
    return about, tasks


@pytest.mark.parametrize("order", ["apart", "one_by_one", "jointly"])
def test_shunts_learn_from_features(order):
    """The pure error of each shunt falls, apart from its L2 term; the original stays as it is."""
    original = network(blocks=4)
    before = snapshot(original)
    how, tasks = shunts(order, epochs=4, original=original)
    found = train(tasks, IMAGES, VALIDATION, how, run())
    after = snapshot(original)
    rows = shunt_history(found.history)

    assert all(np.array_equal(after[name], value) for name, value in before.items())
    for window in (FIRST, LAST):
        own = [row for row in rows if row["shunt"] == str(window)]
        assert [row["epoch"] for row in own] == [1, 2, 3, 4]
        assert own[-1]["mse"] < own[0]["mse"]
        assert all(row["regulariser"] > 0 for row in own)
    for row in found.history:
        errors = [value for name, value in row.items() if name.startswith("mse ")]
        terms = [value for name, value in row.items() if name.startswith("regulariser ")]
        assert row["loss"] == pytest.approx(sum(errors), rel=1e-6)
        assert row["regulariser"] == pytest.approx(sum(terms), rel=1e-6)


def test_a_shunt_that_copies_its_window_has_no_error():
    """The error of a network on itself is nothing, while its regulariser is something."""
    original = network(blocks=2)
    kernel = original.get_layer("expanded_conv_1_expand").kernel.numpy()

    def copy(_window):
        entry = keras.Input((samples.SIZE, samples.SIZE, samples.WIDTH))
        layer = keras.layers.Conv2D(
            samples.WIDTH, 3, padding="same", use_bias=False,
            kernel_regularizer=keras.regularizers.L2(1e-3),
        )  # fmt: skip
        normalised = keras.layers.BatchNormalization(trainable=False)(layer(entry))
        model = keras.Model(entry, keras.layers.Add()([entry, normalised]), name="shunt_1_1")
        layer.kernel.assign(kernel)
        return model

    how = ShuntTraining(epochs=1, batch_size=8, learning_rate=1e-12, order="apart")
    # The copy costs as much as its window, so it is trained and never inserted.
    tasks = shunt_tasks(original, [FIRST], copy, (IMAGES, VALIDATION), how)
    (row,) = shunt_history(train(tasks, IMAGES, VALIDATION, how, run()).history)

    assert row["mse"] == row["validation_mse"] == 0
    assert row["regulariser"] == pytest.approx(float(1e-3 * (kernel**2).sum()), rel=1e-5)


def test_shunts_apart_do_not_depend_on_each_other():
    """Trained beside another, a shunt gets the weights that it gets alone."""
    how = ShuntTraining(
        epochs=2, batch_size=8, learning_rate=0.05, order="apart", schedule={"kind": "constant"}
    )
    original = network(blocks=4)
    alone, both = (
        train(
            shunt_tasks(original, windows, samples.shunt, (IMAGES, VALIDATION), how),
            IMAGES,
            VALIDATION,
            how,
            run(),
        )
        for windows in ([LAST], [FIRST, LAST])
    )
    made = {LAST: samples.shunt(LAST)}
    one, two = (shunt_weights(found, made)[LAST] for found in (alone, both))

    assert one.keys() == snapshot(made[LAST]).keys()
    assert all(np.allclose(two[name], value, atol=1e-6) for name, value in one.items())
    restore(made[LAST], one, "the training")


def test_killed_shunts_go_on_to_the_same_bytes(tmp_path):
    """Adam's moments, the rate and the finished shunts before are taken up."""
    how, tasks = shunts("one_by_one", epochs=2, augment={"kind": "shift"})
    expected = train(tasks, IMAGES, VALIDATION, how, run())

    assert equal(killed(how, tasks, tmp_path / "checkpoint", 1, 3), expected)


def test_what_is_known_of_fixed_images_is_asked_once():
    """With and without keeping what the original says, the shunts get the same weights."""
    how, tasks = shunts("apart", schedule={"kind": "constant"})
    kept = train(tasks, IMAGES, VALIDATION, how, run())
    still = {"kind": "shift", "share": 0.0, "flip": False}
    how, tasks = shunts("apart", augment=still, schedule={"kind": "constant"})
    asked = train(tasks, IMAGES, VALIDATION, how, run())

    assert kept.weights.keys() == asked.weights.keys()
    for name, value in kept.weights["shunts"].items():
        assert np.allclose(asked.weights["shunts"][name], value, atol=1e-5), name


if __name__ == "__main__":
    done = trained()
    arrays.write_weights(Path(sys.argv[1]), done.weights["tiny"])
    print(repr(done.history))
