"""The Keras models, against their descriptions, the release's layers and Keras's own networks."""

import hashlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from network_samples import (
    DEEPLAB,
    FAMILIES,
    LARGE,
    SMALL,
    V2,
    built,
    family,
    images,
    network,
    sample,
)

from reproductions.shunt import models
from reproductions.shunt.architecture import describe
from reproductions.shunt.determinism import settle
from reproductions.shunt.models import activations, layers
from reproductions.shunt.models.initialisers import Drawn, Glorot, HeNormal
from reproductions.shunt.models.resize import AlignedResize
from reproductions.shunt.weights import snapshot

settle()


@pytest.mark.parametrize("index", range(4), ids=family)
def test_models_have_what_the_description_counts(index):
    """A model has the parameters, trained ones too, and every shape that its description states."""
    model, described = sample(index), describe(network(FAMILIES[index]))

    trained = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    assert model.count_params() == described.parameters
    assert trained == described.trainable
    assert len(model.layers) == len(described.uses) + 1
    for use in described.uses:
        output = model.get_layer(use.name).output.shape
        assert output[-1] == use.output[2]
        assert tuple(output[1:]) in {use.output, use.output[2:]}


@pytest.mark.parametrize(
    "entry",
    [
        {**V2, "image_height": 9, "image_width": 12, "image_channels": 1},
        {**V2, "top": False},
        {**SMALL, "change_stride_layers": 3, "image_height": 8, "image_width": 8},
        {**DEEPLAB, "output_stride": 8},
    ],
)
def test_models_of_other_shapes(entry):
    """Odd images, no head, fewer strides and dilations give the shapes of the description."""
    model, described = models.build(network(entry), 1), describe(network(entry))

    assert model.count_params() == described.parameters
    for part in described.parts:
        shape = model.get_layer(part.uses[-1].name).output.shape
        assert tuple(shape[1:]) in {part.output, part.output[2:]}


def test_images_too_small_are_refused_before_keras():
    """An image below the smallest is refused by the network, not by Keras."""
    with pytest.raises(ValueError, match="image_height is 32, and the smallest that works is 33"):
        network(DEEPLAB, image_height=32)


@pytest.mark.parametrize(
    ("entry", "count", "places"),
    [
        (V2, 158, {64: "7_expand", 116: "12_Add"}),
        ({**SMALL, "width": 1.0}, 170, {65: "5_expand", 158: "10_Add"}),
        (SMALL, 171, {159: "10_Add"}),
        ({**LARGE, "minimalistic": False, "width": 1.0}, 199, {}),
        ({**LARGE, "minimalistic": False, "width": 0.5}, 198, {}),
        (DEEPLAB, 175, {64: "5_expand", 157: "10_Add"}),
    ],
    ids=["v2", "small", "small 0.5", "large", "large 0.5", "deeplab"],
)
def test_published_layer_indices(entry, count, places):
    """The layers are as many as in the release, and published indices mean the same layers."""
    kept = sample(FAMILIES.index(entry)) if entry in FAMILIES else None
    names = models.released_layers(kept or models.build(network(entry), 1))

    assert len(names) == count
    assert names[0] == "image"
    for index, layer in places.items():
        assert names[index] == f"expanded_conv_{layer}"


def test_order_of_the_segmentation_head():
    """Keras sorts the two branches of the head by their way to the output, as it always has."""
    names = models.released_layers(sample(3))

    assert names[161:] == (
        "image_pooling_AvgPool", "aspp0", "image_pooling", "aspp0_BN", "sigmoid_pooling",
        "aspp0_relu", "Resize_1", "aspp0_Mul", "Resize_2", "decoder_decoder_conv0",
        "decoder_feature_projection0", "decoder_Add", "Resize_3", "softmax",
    )  # fmt: skip


def keras_network(entry):
    """Return Keras's own network of the same structure, without weights of its own."""
    shape = (entry["image_height"], entry["image_width"], 3)
    options = {"input_shape": shape, "alpha": entry["width"], "weights": None, "classes": 10}
    if entry["family"] == "mobilenetv2":
        return keras.applications.MobileNetV2(**options)
    name = f"MobileNetV3{entry['size'].title()}"
    options |= {"minimalistic": entry.get("minimalistic", False), "include_preprocessing": False}
    return getattr(keras.applications, name)(**options)


@pytest.mark.parametrize(
    "entry",
    [V2, {**SMALL, "minimalistic": True}, {**LARGE, "minimalistic": False}],
    ids=["v2", "small minimalistic", "large"],
)
def test_outputs_of_keras_own_networks(entry):
    """With the same weights Keras's own network gives the same outputs.

    They differ where the release writes a sixth as 0.16667, and in the last digits.
    """
    entry = {**entry, "image_height": 64, "image_width": 64}
    ours, theirs = built(entry), keras_network(entry)
    theirs.set_weights(ours.get_weights())

    x = images(ours)
    np.testing.assert_allclose(ours(x, training=False), theirs(x, training=False), atol=1e-4)


@pytest.mark.parametrize("index", range(4), ids=family)
def test_logits_stand_before_the_softmax(index):
    """The model of the logits shares the layers, and its softmax is the model's output."""
    model = sample(index)
    raw = models.logits(model)

    x = images(model)
    assert raw.layers == model.layers[:-1]
    np.testing.assert_allclose(activations.softmax(raw(x)), model(x), atol=1e-6)


def test_logits_without_a_softmax_of_its_own():
    """Where the last layer holds the softmax, logits are logarithms of clipped probabilities."""
    image = keras.Input((2,))
    model = keras.Model(image, keras.layers.Dense(2, activation="softmax", name="last")(image))
    model.set_weights([np.array([[100.0, 0.0], [0.0, 0.0]], np.float32), np.zeros(2, np.float32)])

    found = models.logits(model)(np.ones((1, 2), np.float32)).numpy()
    np.testing.assert_allclose(found, [[0.0, np.log(1e-7)]], atol=1e-6)


@pytest.mark.parametrize("softmax", [keras.layers.Softmax(), keras.layers.Activation("softmax")])
def test_logits_of_other_models(softmax):
    """The softmax of any model is found when it is a layer, whichever."""
    image = keras.Input((2,))
    before = keras.layers.Dense(3)(image)
    raw = models.logits(keras.Model(image, softmax(before)))

    assert raw.output is before


def digest(model):
    """Return a digest of all kernels of `model`."""
    kernels = {name: value for name, value in snapshot(model).items() if name.endswith("kernel")}
    content = b"".join(kernels[name].tobytes() for name in sorted(kernels))
    return hashlib.sha256(content).hexdigest()


def test_initial_weights_depend_on_the_seed_alone():
    """One seed gives the same bytes whatever was built before and whichever process draws."""
    keras.utils.set_random_seed(3)
    again, other = (models.build(network(V2), seed) for seed in (1, 2))

    # Made by another process; NumPy's generator and products are the same on every CPU.
    assert digest(again)[:16] == "45e2b3ab9ded666d"
    assert digest(sample(0)) == digest(again) != digest(other)


def test_layers_draw_apart():
    """A layer's weights depend on its name, not on the layers before it."""
    one = snapshot(sample(0))
    other = snapshot(models.build(network(V2, image_channels=1), 1))
    for name in ("expanded_conv_3_expand/kernel", "Logits/kernel"):
        np.testing.assert_array_equal(one[name], other[name])
    similar = one["expanded_conv_7_expand/kernel"], one["expanded_conv_8_expand/kernel"]
    assert not np.array_equal(*similar)


def test_scale_of_initial_kernels():
    """Kernels are uniform as Glorot's, those for shunts normal with He's variance."""
    shape = (3, 3, 64, 96)
    uniform, normal = Glorot(1)(shape).numpy(), HeNormal(1)(shape).numpy()

    bound = np.sqrt(6 / (9 * (64 + 96)))
    assert bound * 0.999 < np.abs(uniform).max() <= bound
    assert uniform.var() == pytest.approx(bound**2 / 3, rel=0.02)
    assert normal.var() == pytest.approx(2 / (9 * 64), rel=0.02)
    assert np.abs(normal).max() <= 2 * np.sqrt(2 / (9 * 64)) / 0.87962566
    assert abs(normal.mean()) < 0.001


def test_scale_of_keras_initialisers():
    """Kernels have the bound of Keras's Glorot initialiser, depthwise ones too."""
    for shape in ((3, 3, 8, 1), (1, 1, 16, 24), (40, 10)):
        theirs = keras.initializers.GlorotUniform(1)(shape).numpy()
        ours = Glorot(1)(shape).numpy()
        assert np.abs(ours).max() == pytest.approx(np.abs(theirs).max(), rel=0.2)


def test_what_does_not_say_how_it_draws_is_no_initialiser():
    """The class that both initialisers are of cannot be made by itself."""
    with pytest.raises(TypeError, match="Can't instantiate abstract class Drawn"):
        Drawn(1)


def test_l2_stands_on_convolutions_and_dense_layers():
    """Kernels and biases of convolutions and dense layers count 4e-5 of their squares."""
    model = sample(0)
    kernels = [
        weight
        for layer in model.layers
        if isinstance(layer, keras.layers.Dense) or type(layer) is keras.layers.Conv2D
        for weight in layer.weights
    ]

    expected = 4e-5 * sum(float(np.sum(np.square(weight.numpy()))) for weight in kernels)
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-5)
    assert len(kernels) == 1 + 16 + 17 + 1 + 2
    assert models.build(network(V2), 1, decay=0.0).losses == []


def test_dropout_stands_before_the_classes_of_v3():
    """MobileNetV3 drops a fifth of the values before its classes, with a seed of its own."""
    model = sample(1)

    assert model.get_layer("Dropout").rate == 0.2
    assert isinstance(model.get_layer("Dropout").seed, int)


def test_activations():
    """The activations are those of the release, its sixth of five digits among them."""
    x = np.array([-4.0, -3.0, -1.0, 0.0, 1.0, 3.0, 7.0], np.float32)
    six = np.minimum(np.maximum(x + 3, 0), 6)

    np.testing.assert_allclose(activations.hard_swish(x), x * six / 6, rtol=1e-6)
    np.testing.assert_allclose(activations.hard_sigmoid(x), six * 0.16667, rtol=1e-6)
    np.testing.assert_array_equal(activations.relu(x), np.maximum(x, 0))
    np.testing.assert_array_equal(activations.relu6(x), np.clip(x, 0, 6))
    np.testing.assert_allclose(activations.softmax(x), np.exp(x) / np.exp(x).sum(), rtol=1e-6)


def interpolation(before, after):
    """Return the matrix that takes `before` values to `after` with the ends on each other."""
    matrix = np.zeros((after, before))
    for row in range(after):
        at = row * (before - 1) / (after - 1) if after > 1 else 0.0
        low = int(at)
        matrix[row, low] += 1 - (at - low)
        matrix[row, min(low + 1, before - 1)] += at - low
    return matrix


@pytest.mark.parametrize("size", [(5, 7), (12, 4), (1, 1), (3, 6)])
def test_resize_is_two_products(size):
    """Resizing is a product with an interpolation matrix along each side; so is its gradient."""
    maps = np.random.Generator(np.random.PCG64(1)).random((2, 3, 6, 4), dtype=np.float32)
    up, across = interpolation(3, size[0]), interpolation(6, size[1])
    weights = np.random.Generator(np.random.PCG64(2)).random((2, *size, 4), dtype=np.float32)

    x = tf.constant(maps)
    with tf.GradientTape() as tape:
        tape.watch(x)
        resized = AlignedResize(*size)(x)
        total = tf.reduce_sum(resized * weights)
    gradient = tape.gradient(total, x)
    np.testing.assert_allclose(resized, np.einsum("ph,bhwc,qw->bpqc", up, maps, across), atol=1e-6)
    np.testing.assert_allclose(
        gradient, np.einsum("ph,bpqc,qw->bhwc", up, weights, across), atol=1e-5
    )


def test_gradient_of_resize_has_one_value():
    """The gradient of a large resize has the same bytes each time, under determinism."""
    maps = tf.constant(np.random.Generator(np.random.PCG64(1)).random((1, 9, 17, 8)), tf.float32)

    def gradient():
        with tf.GradientTape() as tape:
            tape.watch(maps)
            loss = tf.reduce_sum(AlignedResize(129, 257)(maps) ** 3)
        return tape.gradient(loss, maps).numpy()

    np.testing.assert_array_equal(gradient(), gradient())


@pytest.mark.parametrize("index", range(4), ids=family)
def test_saved_models_come_back(index, tmp_path):
    """A `.keras` file gives the same layers, settings and outputs, without any code named."""
    model = sample(index)
    model.save(tmp_path / "model.keras")
    back = keras.models.load_model(tmp_path / "model.keras")

    x = images(model)
    np.testing.assert_array_equal(back(x), model(x))
    assert models.released_layers(back) == models.released_layers(model)
    assert float(sum(back.losses)) == float(sum(model.losses))


def test_batch_normalisation_as_published():
    """Batch normalisation has the epsilon and momentum of the release, in the one class."""
    model = sample(3)
    found = [one for one in model.layers if isinstance(one, keras.layers.BatchNormalization)]

    assert {type(one) for one in found} == {layers.Normalisation}
    assert {(one.epsilon, one.momentum) for one in found} == {(1e-3, 0.999)}


@pytest.mark.parametrize("index", [1, 3], ids=family)
def test_momentum_of_normalisation_is_the_networks(index):
    """Every normalisation takes it, in the head and the blocks alike, and nothing else changes."""
    with_it = models.build(network(FAMILIES[index], momentum=0.9), 1)
    without = snapshot(models.build(network(FAMILIES[index]), 1))
    found = [layer for layer in with_it.layers if isinstance(layer, layers.Normalisation)]

    assert {(one.epsilon, one.momentum) for one in found} == {(1e-3, 0.9)}
    for name, value in snapshot(with_it).items():
        np.testing.assert_array_equal(value, without[name])
