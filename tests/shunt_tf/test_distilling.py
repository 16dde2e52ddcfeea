"""A network with shunts learns from the network without."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import training_samples as samples
from training_samples import FIRST, LAST, images_of, network, run, scenes_of, training

from harness.errors import HarnessError
from reproductions.shunt import models
from reproductions.shunt.losses.cross_entropy import cross_entropy
from reproductions.shunt.losses.dark_knowledge import adaptive_cross_entropy, dark_knowledge
from reproductions.shunt.losses.maps import attention_transfer, feature_matching
from reproductions.shunt.params.distillation import (
    Ace,
    Attention,
    DarkKnowledge,
    Features,
    Plain,
)
from reproductions.shunt.surgery.replacement import with_shunts
from reproductions.shunt.training import teacher as teacher_module
from reproductions.shunt.training.loop import Subject, Task, train
from reproductions.shunt.training.objective import distilled, supervised
from reproductions.shunt.training.taps import tapped
from reproductions.shunt.training.teacher import asking, told

IMAGES, VALIDATION = images_of(12), images_of(8, seed=1)
NAMES = {FIRST: "shunt_1_1"}
SHIFT = {"kind": "shift"}


@pytest.fixture(scope="module")
def pair():
    """Return the tiny network, and its copy with a shunt in the place of block 1."""
    original = network(blocks=5)
    return original, with_shunts(original, {FIRST: samples.shunt(FIRST)})


def parts(pair, how, *, fixed=True):
    """Return the student's model, what the teacher tells, and the objective."""
    teacher, student = tapped(*pair, NAMES, how)
    ask = asking(lambda seen: as_list(teacher(seen, training=False)), IMAGES)
    answers = told(ask, IMAGES, 8, fixed=fixed)
    return student, answers, distilled(student, answers, how)


def as_list(said):
    """Return what a model gives as a list."""
    return said if isinstance(said, list) else [said]


def batch():
    """Return one batch of the training images."""
    return next(iter(IMAGES.epoch(6, samples.generator(), None)))


def test_what_is_compared_lies_where_it_should(pair):
    """Features at the window's end and the shunt's, attention at the additions behind it."""
    original, final = pair
    images = batch()[0]
    teacher, student = tapped(original, final, NAMES, Features(kind="features"))
    end = keras.Model(original.inputs, original.get_layer("expanded_conv_1_Add").output)
    start = keras.Model(original.inputs, original.get_layer("expanded_conv_0_r").output)

    assert np.array_equal(teacher(images)[1], end(images))
    expected = final.get_layer("shunt_1_1")(start(images))
    assert np.allclose(student(images)[1], expected, atol=1e-6)
    assert np.array_equal(teacher(images)[0], models.logits(original)(images))
    _, student = tapped(original, final, NAMES, Attention(kind="attention"))
    made = [tensor._keras_history.operation.name for tensor in student.outputs[1:]]
    assert made == ["final_expanded_conv_2_Add", "final_expanded_conv_4_Add"]


@pytest.mark.parametrize(
    ("how", "missing"),
    [
        (Features(kind="features"), "shunt_1_1"),
        (Attention(kind="attention"), "final_expanded_conv_2_Add"),
    ],
)
def test_a_student_that_was_not_made_of_the_teacher_is_refused(pair, how, missing):
    """Where the student lacks a layer that is compared, the error names the layer."""
    original = pair[0]

    with pytest.raises(HarnessError, match=f"compares the layer '{missing}'"):
        tapped(original, original, NAMES, how)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (Plain(kind="plain"), lambda own, _seen, labels: cross_entropy(own[0], labels)),
        (
            DarkKnowledge(kind="dark_knowledge"),
            lambda own, seen, labels: dark_knowledge(
                own[0], seen[0], labels, DarkKnowledge(kind="dark_knowledge")
            ),
        ),
        (
            Ace(kind="ace"),
            lambda own, seen, labels: adaptive_cross_entropy(
                own[0], seen[0], labels, Ace(kind="ace")
            ),
        ),
        (
            Attention(kind="attention", strength=3.0),
            lambda own, seen, labels: (
                cross_entropy(own[0], labels) + 3 * attention_transfer(own[1:], seen[1:])
            ),
        ),
        (
            Features(kind="features", strength=2.0),
            lambda own, seen, labels: (
                cross_entropy(own[0], labels) + 2 * feature_matching(own[1:], seen[1:])
            ),
        ),
    ],
)
def test_each_kind_is_its_loss(pair, how, expected):
    """The labels and, with its strength, what is compared with the teacher."""
    student, answers, objective = parts(pair, how)
    images, labels, index = batch()
    loss, told_too = objective(images, labels, index)
    own = as_list(student(images, training=True))

    assert float(loss) == pytest.approx(float(expected(own, answers(images, index), labels)), 1e-5)
    assert 0 <= float(told_too["train_accuracy"]) <= 100


def test_the_teacher_is_asked_about_what_the_student_sees(pair):
    """With changed images it is asked anew; about stored ones its answers are kept."""
    _, fixed, _ = parts(pair, Ace(kind="ace"))
    _, anew, _ = parts(pair, Ace(kind="ace"), fixed=False)
    images, _, index = batch()
    (kept,), (asked,), (other,) = (
        fixed(images, index), anew(images, index), anew(images + 1, index)
    )  # fmt: skip

    assert np.allclose(kept, asked, atol=1e-5)
    assert not np.allclose(asked, other, atol=1e-3)


def test_nobody_is_asked_before_the_first_answer_is_needed():
    """The labels alone need no teacher, who may be large."""

    def ask(_images):
        raise AssertionError

    told(ask, IMAGES, 8, fixed=True)


def test_answers_that_are_too_many_are_not_kept(pair, monkeypatch):
    """They are asked for anew, and are the same."""
    images, _, index = batch()
    (kept,) = parts(pair, Ace(kind="ace"))[1](images, index)
    monkeypatch.setattr(teacher_module, "MOST_BYTES", 12 * 2 * 4 - 1)
    asked = []
    again = told(lambda seen: asked.append(len(seen)) or [seen[:, 0, 0]], IMAGES, 8, fixed=True)
    again(images, index)
    again(images, index)

    assert kept.shape == (6, 3)
    assert asked[-2:] == [6, 6]


@pytest.mark.parametrize("augment", [None, SHIFT])
def test_a_distilled_training_leaves_the_teacher_alone(augment):
    """The student's loss falls; no weight of the teacher moves."""
    original = network(blocks=4)
    before = original.get_weights()

    def begin(_done):
        final = with_shunts(original, {FIRST: samples.shunt(FIRST)})
        what = Features(kind="features")
        _, _, objective = parts((original, final), what, fixed=augment is None)
        return Subject(final, objective, shunts=("shunt_1_1",))

    how = training(epochs=3, learning_rate=0.05, augment=augment)
    found = train([Task("final", begin)], IMAGES, VALIDATION, how, run())

    assert found.history[-1]["loss"] < found.history[0]["loss"]
    assert all(np.array_equal(*pair) for pair in zip(before, original.get_weights(), strict=True))


def test_masks_are_learned_with_their_ignored_pixels():
    """ACE trains a network for pixels, whose validation is the mean IoU."""
    scenes = scenes_of(12)
    draw = {"kernel_initializer": keras.initializers.HeNormal(seed=1), "padding": "same"}

    def build():
        image = keras.Input((samples.SIZE, samples.SIZE, 2))
        x = keras.layers.Conv2D(8, 3, activation="relu", **draw)(image)
        x = keras.layers.Conv2D(samples.CLASSES, 1, **draw)(x)
        return keras.Model(image, keras.layers.Softmax()(x))

    teacher = models.logits(build())
    ask = asking(lambda seen: [teacher(seen, training=False)], scenes)

    def begin(_done):
        model = build()
        answers = told(ask, scenes, 8, fixed=False)
        return Subject(model, distilled(models.logits(model), answers, Ace(kind="ace"), 255))

    how = training(epochs=3, augment={"kind": "crop"}, learning_rate=0.2)
    rows = train([Task("final", begin)], scenes, scenes_of(4, 3), how, run()).history

    assert rows[-1]["loss"] < rows[0]["loss"]
    assert all(0 <= row["validation_mean_iou"] <= 100 for row in rows)


def test_a_loss_of_ones_own_takes_the_place_of_cross_entropy(pair):
    """It is given logits and labels."""
    logits = models.logits(pair[1])
    objective = supervised(logits, loss=lambda said, _: tf.reduce_sum(said) * 0 + 7)

    assert float(objective(*batch())[0]) == 7
    assert LAST not in NAMES
