"""Bad input stops with a message that says what and where, and the last good state stays."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from interruption import KillError, StopAfter
from pydantic import ValidationError
from test_data import ABOUT, NETWORK, stored
from training_samples import CLASSES, images_of, network, run, scenes_of, training

from harness.errors import HarnessError
from reproductions.shunt import models
from reproductions.shunt.data.check import check_images
from reproductions.shunt.data.split import read_split
from reproductions.shunt.params.network import DeepLabV3
from reproductions.shunt.training.loop import Subject, Task, train
from reproductions.shunt.training.objective import supervised
from reproductions.shunt.weights import restore, snapshot

IMAGES, VALIDATION = images_of(20), images_of(8, seed=1)


def labelled(split, place, label):
    """Return `split` with one label, or one pixel of a mask, replaced."""
    labels = split.labels.astype(np.int64)
    labels[place] = label
    return dataclasses.replace(split, labels=labels)


@pytest.mark.parametrize("label", [-1, CLASSES])
def test_a_label_out_of_range_is_named(tmp_path, label):
    """The message says in which part, of which image, and what is allowed."""
    inputs = stored(tmp_path / "images", labelled(images_of(9), 4, label))
    said = rf"'thirds', train: the label of image 4 is {label}\n.*the labels are 0 to 2"

    with pytest.raises(HarnessError, match=said):
        read_split(inputs, "train", NETWORK)


def test_a_pixel_out_of_range_is_named():
    """In a mask 255 may stand for a pixel that does not count, and nothing else may."""
    good, bad = scenes_of(5), labelled(scenes_of(5), (3, 1, 2), 200)
    check_images(good.images, good.labels, CLASSES, 255, "scenes, test")

    with pytest.raises(HarnessError, match=r"the label of image 3 is 200\n.*or 255 for pixels"):
        check_images(bad.images, bad.labels, CLASSES, 255, "scenes, test")
    with pytest.raises(HarnessError, match="the label of image 0 is 255"):
        check_images(good.images, good.labels, CLASSES, None, "scenes, test")


def test_an_empty_split_is_refused(tmp_path):
    """The message names the part."""
    images = images_of(2)
    empty = dataclasses.replace(images, images=images.images[:0], labels=images.labels[:0])

    with pytest.raises(HarnessError, match="'thirds', validation: there are no images"):
        read_split(stored(tmp_path / "images", empty), "validation", NETWORK)


def test_images_and_labels_of_other_numbers_are_refused(tmp_path):
    """The message gives both shapes."""
    images = dataclasses.replace(images_of(9), labels=images_of(7).labels)

    with pytest.raises(HarnessError, match=r"\(9, 6, 6, 2\) and labels of shape \(7,\)"):
        read_split(stored(tmp_path / "images", images), "train", NETWORK)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("image_height", 8, "takes images of 8x6x2 in 3 .*'thirds', test has .*6x6x2"),
        ("image_channels", 3, "images of 6x6x3"),
        ("classes", 4, "in 4 classes; .* in 3 classes"),
    ],
)  # fmt: skip
def test_images_of_another_size_are_refused(tmp_path, field, value, said):
    """The message says what the network takes and what the dataset has."""
    other = NETWORK.model_copy(update={field: value})

    with pytest.raises(HarnessError, match=said):
        read_split(stored(tmp_path / "images"), "test", other)
    assert ABOUT["dataset"] == "thirds"


def test_images_below_a_networks_minimum_are_refused():
    """The smallest size that works is told before any image is read."""
    with pytest.raises(ValidationError, match="the smallest that works is 385"):
        DeepLabV3(family="deeplabv3", image_height=257, image_width=513)


def test_a_single_image_cannot_be_trained_on():
    """Batch normalisation has no variance of one image."""
    with pytest.raises(HarnessError, match="a split of one image has no batch"):
        images_of(1).epoch(2, np.random.default_rng(0), None)


def poisoned(model, epoch, steps_an_epoch, told):
    """Return an objective whose loss is not a number in the second batch of `epoch`."""
    plain, count = supervised(models.logits(model)), tf.Variable(0)

    def objective(images, labels, index):
        loss, parts = plain(images, labels, index)
        bad = count.assign_add(1) == (epoch - 1) * steps_an_epoch + 2
        return tf.where(bad, told, loss), parts

    return objective


@pytest.mark.parametrize("told", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_keeps_the_last_good_epoch(tmp_path, told):
    """The message names epoch and batch; checkpoint and model are those of the epoch before."""
    kept = []

    def begin(_done):
        model = network()
        kept.append(model)
        return Subject(model, poisoned(model, 3, 3, told))

    path = tmp_path / "checkpoint"
    how = training(epochs=4)
    with pytest.raises(HarnessError, match=r"tiny, epoch 3, batch 2: 'loss' is") as found:
        train([Task("tiny", begin)], IMAGES, VALIDATION, how, run(path))

    assert "lower the learning rate" in found.value.remedy
    saved = run(path).checkpoint.load()
    good = train([task(3)], IMAGES, VALIDATION, training(epochs=2), run())
    assert [row["epoch"] for row in saved.rows] == [1, 2]
    assert saved.rows == good.history
    state = snapshot(kept[0])
    for name, value in state.items():
        assert np.array_equal(saved.tensors[f"model.{name}"], value)
        assert np.isfinite(value).all()


def task(never):
    """Return the training of the tiny network whose loss is bad in an epoch that does not come."""

    def begin(_done):
        model = network()
        return Subject(model, poisoned(model, never, 3, float("nan")))

    return Task("tiny", begin)


def test_weights_that_are_no_numbers_stop_the_training(tmp_path):
    """A last step that breaks the weights is seen before they are saved."""

    def begin(_done):
        model = network()
        return Subject(model, supervised(models.logits(model)))

    # One batch: its loss is that of the initial weights, and finite.
    how = training(epochs=1, batch_size=20, learning_rate=10.0)
    broken = how.model_copy(update={"learning_rate": float("inf")})
    with pytest.raises(HarnessError, match=r"tiny, epoch 1: the weight '.*' is no longer finite"):
        train([Task("tiny", begin)], IMAGES, VALIDATION, broken, run(tmp_path / "checkpoint"))

    assert run(tmp_path / "checkpoint").checkpoint.load() is None


def test_a_checkpoint_of_another_model_is_refused(tmp_path):
    """The first layer that does not fit is named."""

    def of(blocks):
        def begin(_done):
            model = network(blocks=blocks)
            return Subject(model, supervised(models.logits(model)))

        return Task("tiny", begin)

    path = tmp_path / "checkpoint"
    stop = run(path, StopAfter(1))
    with pytest.raises(KillError):
        train([of(1)], IMAGES, VALIDATION, training(), stop)
    with pytest.raises(HarnessError, match=r"the checkpoint are not of .*expanded_conv_1"):
        train([of(2)], IMAGES, VALIDATION, training(), run(path))


def test_weights_of_another_model_are_refused():
    """Nothing of the model has changed when they are."""
    model = network()
    before = snapshot(model)
    with pytest.raises(HarnessError, match="'expanded_conv_2_expand' the weight 'kernel' is left"):
        restore(model, snapshot(network(blocks=3)), "a file")

    assert all(np.array_equal(value, before[name]) for name, value in snapshot(model).items())
