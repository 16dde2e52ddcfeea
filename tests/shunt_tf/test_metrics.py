"""Accuracy and mean IoU, counted in whole numbers."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from training_samples import CLASSES, generator, images_of, network, scenes_of

from harness.errors import HarnessError
from reproductions.shunt.data.split import Split
from reproductions.shunt.evaluation import (
    accuracy,
    answering,
    class_iou,
    confusion,
    mean_iou,
    mean_of,
    predictions,
    quality,
)


def masks(*rows):
    """Return a split whose masks are `rows`, each one row of pixels."""
    labels = np.array(rows, np.uint8)[:, None, :]
    images = np.zeros((*labels.shape, 1), np.uint8)
    return Split(images, labels, 1.0, (0.0,), (1.0,), CLASSES, ignore=255)


def saying(*rows):
    """Return an answer whose largest values are the classes `rows`, batch by batch."""
    left = [np.eye(CLASSES)[np.array(row)][None, None] for row in rows]

    def answer(images):
        return np.concatenate([left.pop(0) for _ in range(len(images))])

    return answer


def test_accuracy_is_the_share_of_right_answers():
    """In percent, over batches of any size."""
    model, split = network(), images_of(11)
    found = predictions(model, split, 4)
    expected = 100 * float((found == split.labels).mean())

    assert found.shape == (11,)
    assert found.dtype == np.int64
    assert accuracy(model, split, 4) == accuracy(model, split, 11) == pytest.approx(expected)
    assert quality(model, split, 4) == accuracy(model, split, 4)


def test_answers_come_in_the_stored_order_without_training():
    """Neither dropout nor batch statistics play a part, and no moving statistic moves."""
    model, split = network(dropout=0.9), images_of(9)
    before = [value.numpy() for value in model.weights]

    expected = keras.ops.convert_to_numpy(model(next(split.batches(9))[0], training=False))
    assert predictions(model, split, 2).tolist() == expected.argmax(-1).tolist()
    assert all(
        np.array_equal(one, two) for one, two in zip(before, model.get_weights(), strict=True)
    )


def test_a_compiled_answer_follows_the_weights():
    """A graph made before a training answers as the trained model does."""
    model, split = network(), images_of(9)
    answer = answering(model)
    predictions(answer, split, 4)
    model.layers[-2].bias.assign([0.0, 0.0, 99.0])

    assert predictions(answer, split, 4).tolist() == [2] * 9


def test_mean_iou_by_hand():
    """Intersection over union of each class; pixels to ignore count nowhere."""
    split = masks([0, 0, 1, 255], [1, 1, 0, 255])
    said = ([0, 1, 1, 2], [1, 1, 1, 0])
    confused = confusion(saying(*said), split, 1)

    assert confused.tolist() == [[1, 2, 0], [0, 3, 0], [0, 0, 0]]
    assert class_iou(confused) == [pytest.approx(100 / 3), 60, None]
    assert mean_iou(saying(*said), split, 2) == pytest.approx((100 / 3 + 60) / 2)
    assert quality(saying(*said), split, 2) == mean_iou(saying(*said), split, 2)
    assert accuracy(saying(*said), split, 2) == pytest.approx(400 / 6)


def test_a_class_that_is_only_predicted_counts():
    """It has a union and no intersection; one that is in neither has no IoU."""
    assert class_iou(np.array([[3, 1, 0], [0, 0, 0], [0, 0, 0]])) == [75, 0, None]


def test_a_mean_of_no_class_is_refused():
    """Masks of ignored pixels alone have no mean IoU."""
    split = masks([255, 255])

    with pytest.raises(HarnessError, match="no pixel of the split counts"):
        mean_iou(saying([0, 1]), split, 1)


@given(st.integers(1, 12), st.integers(1, 5), st.integers(0, 99))
@settings(max_examples=25)
def test_the_order_of_images_and_batches_plays_no_part(count, size, seed):
    """The counts are whole numbers, of which the sum has no order."""
    random = generator(seed)
    labels = random.choice([0, 1, 2, 255], (count, 4))
    said = random.integers(0, CLASSES, (count, 4))
    order = random.permutation(count)

    found = confusion(saying(*said), masks(*labels), size)
    assert found.dtype == np.int64
    assert found.sum() == (labels != 255).sum()
    assert np.array_equal(found, confusion(saying(*said[order]), masks(*labels[order]), 3))


def test_masks_are_predicted_pixel_by_pixel():
    """A network that gives a map of scores is judged on every pixel that counts."""
    image = keras.Input((6, 6, 2))
    draw = keras.initializers.HeNormal(seed=1)
    scores = keras.layers.Conv2D(CLASSES, 1, activation="softmax", kernel_initializer=draw)
    model, split = keras.Model(image, scores(image)), scenes_of(5)
    found = predictions(model, split, 2)

    right = (found == split.labels)[split.labels != 255]
    assert found.shape == split.labels.shape
    assert accuracy(model, split, 2) == pytest.approx(100 * right.mean())
    assert mean_of(class_iou(confusion(model, split, 3))) == mean_iou(model, split, 2)
