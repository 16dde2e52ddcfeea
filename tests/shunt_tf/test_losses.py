"""The losses against their formulas, in numbers worked out beside them."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from training_samples import generator

from harness.errors import HarnessError
from reproductions.shunt.losses.cross_entropy import cross_entropy, percent_right
from reproductions.shunt.losses.dark_knowledge import (
    adaptive_cross_entropies,
    adaptive_cross_entropy,
    dark_knowledge,
)
from reproductions.shunt.losses.maps import (
    attention,
    attention_transfer,
    compared,
    feature_matching,
    unit,
)
from reproductions.shunt.params.distillation import Ace, DarkKnowledge

SOFT = DarkKnowledge(kind="dark_knowledge")
ONE = DarkKnowledge(kind="dark_knowledge", temperature=1.0, strength=1.0)
RELEASED = DarkKnowledge(kind="dark_knowledge", temperature=1.0, compat=True)
ACE = Ace(kind="ace")


def scores(*rows):
    """Return logits whose softmax is `rows`."""
    return tf.math.log(tf.constant(rows, tf.float32))


def logits(*shape, seed=0):
    """Return random logits."""
    return tf.constant(generator(seed).normal(size=shape).astype(np.float32))


def softmax(values):
    """Return the probabilities in double precision."""
    powers = np.exp(np.float64(values))
    return powers / powers.sum(-1, keepdims=True)


def derivative(loss, values):
    """Return the gradient of `loss` at `values`."""
    with tf.GradientTape() as tape:
        tape.watch(values)
        found = loss(values)
    return tape.gradient(found, values).numpy()


@given(st.integers(1, 5), st.integers(2, 6), st.integers(0, 100))
@settings(max_examples=20)
def test_cross_entropy_is_minus_the_logarithm_of_the_true_class(count, classes, seed):
    """The mean over images of -log p_y; its gradient is (p - onehot) / B."""
    values = logits(count, classes, seed=seed)
    labels = generator(seed).integers(0, classes, count).astype(np.int32)
    probabilities = softmax(values)

    expected = -np.log(probabilities[np.arange(count), labels]).mean()
    assert float(cross_entropy(values, labels)) == pytest.approx(expected, rel=1e-5)
    found = derivative(lambda one: cross_entropy(one, labels), values)
    assert np.allclose(found, (probabilities - np.eye(classes)[labels]) / count, atol=1e-6)


def test_ignored_pixels_do_not_count():
    """The mean is over the pixels with a class, whatever is said of the others."""
    labels = np.array([[[0, 255], [2, 255]]], np.int32)
    values = logits(1, 2, 2, 3)
    other = tf.where((labels == 255)[..., None], 9 * values, values)

    counted = -np.log([softmax(values)[0, 0, 0, 0], softmax(values)[0, 1, 0, 2]]).mean()
    assert float(cross_entropy(values, labels, 255)) == pytest.approx(counted, rel=1e-5)
    assert float(cross_entropy(other, labels, 255)) == float(cross_entropy(values, labels, 255))
    assert not derivative(lambda one: cross_entropy(one, labels, 255), values)[labels == 255].any()


@pytest.mark.parametrize(
    "loss",
    [
        lambda one, labels: cross_entropy(one, labels, 255),
        lambda one, labels: dark_knowledge(one, 2 * one, labels, SOFT, 255),
        lambda one, labels: dark_knowledge(one, 2 * one, labels, RELEASED, 255),
        lambda one, labels: adaptive_cross_entropy(one, 2 * one, labels, ACE, 255),
    ],
)
def test_nothing_but_ignored_pixels_costs_nothing(loss):
    """The loss and its gradient are zero, and not a division by zero."""
    labels, values = np.full((1, 2, 2), 255, np.int32), logits(1, 2, 2, 3)

    assert float(loss(values, labels)) == 0
    assert not derivative(lambda one: loss(one, labels), values).any()


def test_percent_right_counts_the_largest_logits():
    """Ignored labels are left out of both counts."""
    values = scores([0.8, 0.2], [0.3, 0.7], [0.9, 0.1])

    assert float(percent_right(values, np.array([0, 0, 0], np.int32))) == pytest.approx(200 / 3)
    assert float(percent_right(values, np.array([0, 255, 1], np.int32), 255)) == 50


def test_dark_knowledge_is_the_textbook():
    """CE(y, p_S) + λ T² CE(p_T', p_S') with p' = softmax(z / T), from logits."""
    own, seen = logits(4, 3, seed=1), logits(4, 3, seed=2)
    labels = np.array([0, 2, 1, 1], np.int32)
    hard = -np.log(softmax(own)[np.arange(4), labels]).mean()
    soft = -(softmax(seen / 5) * np.log(softmax(own / 5))).sum(-1).mean()

    found = float(dark_knowledge(own, seen, labels, SOFT))
    assert found == pytest.approx(hard + 4 * 25 * soft, rel=1e-5)


def test_dark_knowledge_rises_as_the_student_gets_worse():
    """Published numbers: with p_T = (.8, .1, .1) the soft term is .639 at .8 and .832 at .5."""
    teacher, labels = scores([0.8, 0.1, 0.1]), np.array([0], np.int32)
    found = []
    for row in ([0.8, 0.1, 0.1], [0.5, 0.25, 0.25]):
        hard = cross_entropy(scores(row), labels)
        found.append(float(dark_knowledge(scores(row), teacher, labels, ONE) - hard))

    assert found == pytest.approx([0.639, 0.832], abs=5e-4)


def test_released_dark_knowledge_falls_as_the_student_gets_worse():
    """Published numbers of the release's form at λ = 4: 5.1 at .8 and 1.6 at .5."""
    teacher, labels = scores([0.8, 0.1, 0.1]), np.array([0], np.int32)
    found = []
    for row in ([0.8, 0.1, 0.1], [0.5, 0.25, 0.25]):
        hard = cross_entropy(scores(row), labels)
        found.append(float(dark_knowledge(scores(row), teacher, labels, RELEASED) - hard))

    assert found == pytest.approx([5.1, 1.6], abs=0.03)


def test_released_dark_knowledge_has_the_gradient_of_its_formula():
    """The gradient agrees with differences of the loss."""
    own, seen = logits(2, 3, seed=1), logits(2, 3, seed=2)
    labels = np.array([0, 2], np.int32)
    how = DarkKnowledge(kind="dark_knowledge", compat=True)

    def loss(one):
        return dark_knowledge(one, seen, labels, how)

    found = derivative(loss, own)
    for place in np.ndindex(2, 3):
        step = np.zeros((2, 3), np.float32)
        step[place] = 1e-2
        slope = float(loss(own + step) - loss(own - step)) / 2e-2
        assert found[place] == pytest.approx(slope, abs=2e-3)


def test_adaptive_cross_entropy_has_the_published_numbers():
    """A right, a wrong and an ignored pixel at κ = .3, p = .82 and 18 times .01."""
    row = [0.82] + [0.01] * 18
    student = scores(row, row, row)
    wrong = [0.01, 0.82] + [0.01] * 17
    teacher = scores(row, wrong, row)
    labels = np.array([0, 0, 255], np.int32)

    found = adaptive_cross_entropies(student, teacher, labels, 0.3, 255).numpy()
    assert found.tolist() == pytest.approx([0.436414, 0.198451, 0], abs=1e-6)
    assert float(adaptive_cross_entropy(student, teacher, labels, ACE, 255)) == pytest.approx(
        (0.436414 + 0.198451) / 2, abs=1e-6
    )


def test_adaptive_cross_entropy_without_the_teacher_is_cross_entropy():
    """At κ = 0 the target is the label alone."""
    own, seen = logits(5, 4, seed=1), logits(5, 4, seed=2)
    labels = np.array([0, 1, 2, 3, 0], np.int32)

    found = adaptive_cross_entropy(own, seen, labels, Ace(kind="ace", kappa=0.0))
    assert float(found) == pytest.approx(float(cross_entropy(own, labels)), rel=1e-6)


def test_adaptive_cross_entropy_is_clipped():
    """A probability counts as 1e-7 at least, so a hopeless pixel stays finite."""
    values, labels = tf.constant([[0.0, 200.0]]), np.array([0], np.int32)

    found = adaptive_cross_entropy(values, values, labels, ACE)
    assert float(found) == pytest.approx(-np.log(1e-7), rel=1e-6)


def test_attention_sums_squares_over_channels():
    """A(F) = Σ_c F², one row an image."""
    maps = logits(2, 3, 4, 5)

    expected = np.square(maps.numpy()).sum(-1).reshape(2, 12)
    assert np.allclose(attention(maps).numpy(), expected, rtol=1e-5)


def test_unit_rows_have_length_one():
    """Rows are scaled by their length; a row of zeros stays, and so does its gradient."""
    rows = tf.constant([[3.0, 4.0], [0.0, 0.0]])

    assert unit(rows).numpy().tolist() == [pytest.approx([0.6, 0.8]), [0, 0]]
    assert np.isfinite(derivative(lambda one: tf.reduce_sum(unit(one)), rows)).all()


def test_attention_transfer_compares_shapes_and_not_sizes():
    """Maps that differ by a factor and in their number of channels cost nothing."""
    maps = logits(2, 3, 3, 4)

    assert float(attention_transfer([maps], [3 * maps])) == pytest.approx(0, abs=1e-12)
    assert float(attention_transfer([maps], [tf.concat([maps, maps], -1)])) < 1e-12
    one, two = logits(2, 3, 3, 4, seed=1), logits(2, 3, 3, 2, seed=2)
    rows = [np.square(values.numpy()).sum(-1).reshape(2, -1) for values in (one, two)]
    own, seen = (row / np.linalg.norm(row, axis=1, keepdims=True) for row in rows)
    expected = np.square(seen - own).mean()
    assert float(attention_transfer([one], [two])) == pytest.approx(expected, rel=1e-5)
    assert float(attention_transfer([one, one], [two, two])) == pytest.approx(2 * expected, 1e-5)


def test_feature_matching_is_the_mean_squared_difference():
    """mean((F_T - F_S)²), summed over the shunts."""
    one, two = logits(2, 3, 3, 4, seed=1), logits(2, 3, 3, 4, seed=2)
    expected = np.square(one.numpy() - two.numpy()).mean()

    assert float(feature_matching([one], [two])) == pytest.approx(expected, rel=1e-5)
    assert float(feature_matching([one, one], [two, one])) == pytest.approx(expected, rel=1e-5)


def test_compared_additions_are_a_third_spread_evenly():
    """K = max(2, ⌈n / 3⌉) of the additions behind the shunt, the first and the last among them."""
    names = [f"add{number}" for number in range(7)]

    assert compared(names) == ["add0", "add3", "add6"]
    assert compared(names[:4]) == ["add0", "add3"]
    assert compared(names, 7) == names
    assert compared(names[:1]) == ["add0"]
    with pytest.raises(HarnessError, match="there is none"):
        compared([])
