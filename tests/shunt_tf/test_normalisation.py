"""Layers that no CPU approximates compute what Keras's own do."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from reproductions.shunt.determinism import settle
from reproductions.shunt.normalisation import BatchNormalisation, inverse_root, softmax

settle()

CLOSE = {"rtol": 0, "atol": 4e-6}
CASES = {
    "maps": ((8, 5, 5, 37), {}),
    "rows": ((32, 64), {"momentum": 0.9, "epsilon": 1e-5}),
    "channels first": ((4, 6, 5, 5), {"axis": 1}),
    "no shift": ((8, 5, 5, 16), {"center": False}),
    "no scale": ((8, 5, 5, 16), {"scale": False}),
}


def normal(shape, seed):
    """Return values of which no channel's mean is 0."""
    return np.random.Generator(np.random.PCG64(seed)).normal(1, 2, shape).astype(np.float32)


def built(kind, case):
    """Return a layer with weights that are neither 0 nor 1."""
    shape, options = CASES[case]
    layer = kind(**options)
    layer.build(shape)
    generator = np.random.Generator(np.random.PCG64(1))
    layer.set_weights([generator.uniform(0.5, 2, one.shape) for one in layer.get_weights()])
    return layer


def passed(layer, x, *, training):
    """Return outputs, gradients, with drawn ones behind the layer, and the weights afterwards."""
    x, behind = tf.constant(x), normal(x.shape, 8)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=training)
    return [y, *tape.gradient(y, [x, *layer.trainable_variables], behind), *layer.get_weights()]


@pytest.mark.parametrize("mode", ["training", "inference", "frozen"])
@pytest.mark.parametrize("case", CASES)
def test_normalisation_is_that_of_keras(case, mode):
    """Outputs, gradients and moving statistics agree with Keras's layer, trained or frozen."""
    own, theirs = built(BatchNormalisation, case), built(keras.layers.BatchNormalization, case)
    own.trainable = theirs.trainable = mode != "frozen"
    x = normal(CASES[case][0], 2)

    found, wanted = (passed(one, x, training=mode != "inference") for one in (own, theirs))

    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        largest = max(1, np.abs(other).max())
        np.testing.assert_allclose(one / largest, other / largest, **CLOSE)


def test_weights_are_those_of_keras():
    """Names, order and shapes of the weights are Keras's: they can be exchanged."""
    own, theirs = (built(kind, "maps") for kind in (BatchNormalisation,
                                                    keras.layers.BatchNormalization))  # fmt: skip

    assert [(one.name, one.shape, one.trainable) for one in own.weights] == [
        (one.name, one.shape, one.trainable) for one in theirs.weights
    ]


def test_frozen_layer_keeps_its_statistics():
    """A layer that is not trained leaves its moving statistics, also in a training's pass."""
    layer = built(BatchNormalisation, "maps")
    before = layer.get_weights()
    layer.trainable = False
    layer(normal(CASES["maps"][0], 3), training=True)

    for old, new in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_saved_model_has_the_layer(tmp_path):
    """A model that was saved and loaded has this layer, and gives the same bytes."""
    image = keras.Input((4, 4, 3))
    layer = BatchNormalisation(momentum=0.7, epsilon=1e-2)
    model = keras.Model(image, layer(keras.layers.Conv2D(4, 3)(image)))
    x = normal((2, 4, 4, 3), 4)
    model(x, training=True)
    model.save(tmp_path / "model.keras")

    loaded = keras.models.load_model(tmp_path / "model.keras")

    assert type(loaded.layers[-1]) is BatchNormalisation
    assert loaded.layers[-1].momentum == 0.7
    np.testing.assert_array_equal(loaded(x), model(x))


@pytest.mark.parametrize("option", ["renorm", "synchronized"])
def test_unsupported_option_is_refused(option):
    """What the layer does not compute it does not pretend to."""
    with pytest.raises(ValueError, match="neither renorm nor synchronized"):
        BatchNormalisation(**{option: True}).build((2, 3))


def test_mask_is_refused():
    """A mask would change the statistics."""
    layer = BatchNormalisation()

    with pytest.raises(ValueError, match="a mask is not supported"):
        layer(normal((2, 3, 4), 5), mask=tf.constant(np.ones((2, 3), bool)), training=True)


def test_softmax_gives_probabilities():
    """The values are those of TensorFlow's softmax, add up to one and bear large logits."""
    logits = np.concatenate([normal((7, 10), 6), np.eye(10, dtype=np.float32) * 1000])
    found = softmax(logits)

    np.testing.assert_allclose(found, tf.nn.softmax(logits), **CLOSE)
    np.testing.assert_allclose(np.sum(found, -1), 1, **CLOSE)


@pytest.mark.parametrize("compiled", [False, True])
def test_inverse_root_is_exact(compiled):
    """It is a root, rounded, divided by the value, rounded, inside a graph too."""
    values = np.abs(normal(4099, 7)) + np.float32(1e-6)
    function = tf.function(inverse_root) if compiled else inverse_root

    np.testing.assert_array_equal(function(tf.constant(values)), np.sqrt(values) / values)
