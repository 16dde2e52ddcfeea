"""The shunts as Keras models, against their descriptions."""

import keras
import numpy as np
import pytest
import surgery_samples as samples
from surgery_samples import answer, weights, window

from reproductions.shunt.architecture.shunt import describe_shunt
from reproductions.shunt.models.layers import Normalisation
from reproductions.shunt.params.shunt import Shunt
from reproductions.shunt.shunts import build_shunt
from reproductions.shunt.surgery.cost import cost
from reproductions.shunt.surgery.graph import Graph
from reproductions.shunt.surgery.region import Region

SHUNTS = [
    Shunt(architecture=number, width=width)
    for number in (1, 4, 5)
    for width in ("published", "window")
]


def place(before=(8, 8, 6), after=(4, 4, 10), dilations=(1, 1), kernel=61):
    """Return a costly region from a map of `before` to one of `after`."""
    x = entry = keras.Input(before)
    for name, rate in zip(("first", "last"), dilations, strict=True):
        x = keras.layers.DepthwiseConv2D(3, dilation_rate=rate, padding="same", name=name)(x)
    strides = (-(-before[0] // after[0]), -(-before[1] // after[1]))
    x = keras.layers.Conv2D(after[2], kernel, strides, padding="same", name="dear")(x)
    graph = Graph.of(keras.Model(entry, x))
    calls = graph.calls[1:]
    return Region(window("3-5"), (), calls[0].inputs[0], calls[-1].outputs[0], calls)


@pytest.mark.parametrize("shunt", SHUNTS, ids=str)
def test_a_model_has_what_its_description_counts(shunt):
    """A shunt's model has the parameters, multiply-adds and shapes that its description states."""
    part = place()
    model = build_shunt(part, shunt, 1)
    description = describe_shunt(part.site, shunt)

    assert model.count_params() == cost(model).parameters == description.parameters
    assert cost(model).macs == description.macs
    assert sum(np.prod(one.shape) for one in model.trainable_weights) == description.trainable
    assert model.input_shape[1:] == part.site.input
    assert model.output_shape[1:] == description.output == part.site.output


def test_the_layers_of_architecture_1():
    """Architecture 1 has the layers of the release by name and in order (release)."""
    model = build_shunt(place(after=(2, 2, 10)), Shunt(), 1)

    assert [layer.name.removeprefix("shunt_") for layer in model.layers[1:]] == [
        "conv_1", "batch_norm_1", "relu_1", "depthwise_pad_1", "depth_conv_1", "batch_norm_2",
        "relu_2", "conv_2", "batch_norm_3", "conv_3", "batch_norm_4", "relu_3",
        "depthwise_pad_2", "depth_conv_2", "batch_norm_5", "relu_4", "conv_4", "batch_norm_6",
    ]  # fmt: skip
    assert len(model.trainable_variables) == 18
    assert model.name == "shunt_3_5"


@pytest.mark.parametrize("shunt", SHUNTS, ids=str)
def test_settings_of_the_layers(shunt):
    """Normalisation, initial weights, regularisers and biases are those of the release."""
    model = build_shunt(place(), shunt, 1)

    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            assert type(layer) is Normalisation
            assert (layer.epsilon, layer.momentum) == (1e-3, 0.999)
        if isinstance(layer, keras.layers.Conv2D):
            assert np.isclose(float(layer.kernel_regularizer.l2), 4e-5)
            assert not layer.use_bias
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            assert layer.depthwise_regularizer is None
            assert not layer.use_bias
    assert isinstance(model.layers[-1], Normalisation)


@pytest.mark.parametrize("shunt", SHUNTS[::2], ids=str)
def test_momentum_of_normalisation(shunt):
    """A network's momentum is its shunts' as well; how the weights are drawn stays the same."""
    part = place()
    model = build_shunt(part, shunt, 1, momentum=0.9)
    found = [layer for layer in model.layers if isinstance(layer, Normalisation)]

    assert {layer.momentum for layer in found} == {0.9}
    assert len(found) == 3 * {1: 2, 4: 1, 5: 3}[shunt.architecture]
    assert all(map(np.array_equal, weights(model), weights(build_shunt(part, shunt, 1))))


def test_activations_are_cut_off_at_6():
    """Every activation is ReLU6, and there is none at the end."""
    model = build_shunt(place(), Shunt(architecture=4), 1)
    for layer in model.layers:
        if isinstance(layer, Normalisation):
            layer.gamma.assign(50 * np.ones(layer.gamma.shape))
    inside = keras.Model(model.input, [one.output for one in model.layers if "relu" in one.name])
    images = samples.images(model)

    for found in inside(images):
        assert (np.min(found), np.max(found)) == (0, 6)
    assert np.min(answer(model, images)) < 0


def test_initial_scale():
    """Kernels of 1x1 convolutions have He's variance, two by the inputs."""
    model = build_shunt(place(before=(4, 4, 512), after=(4, 4, 8), kernel=9), Shunt(), 1)

    kernel = model.get_layer("shunt_conv_1").kernel.numpy()
    assert kernel.var() == pytest.approx(2 / 512, rel=0.02)
    assert abs(kernel).max() < 2.3 * np.sqrt(2 / 512)


@pytest.mark.parametrize("shunt", SHUNTS[:2], ids=str)
def test_weights_depend_on_the_seed_alone(shunt):
    """One seed gives the same weights whatever was drawn before, another seed gives others."""
    part = place()
    first = weights(build_shunt(part, shunt, 7))
    keras.random.normal((3,))
    again, other = (weights(build_shunt(part, shunt, seed)) for seed in (7, 8))

    assert all(map(np.array_equal, first, again))
    assert not all(map(np.array_equal, first, other))


@pytest.mark.parametrize(("number", "expected"), [(1, [2, 4]), (4, [4]), (5, [2, 2, 4])])
def test_dilations(number, expected):
    """The dilations are those of the region's first and last depthwise convolution."""
    part = place(after=(8, 8, 10), dilations=(2, 4))
    model = build_shunt(part, Shunt(architecture=number), 1)

    assert part.site.dilations == (2, 4)
    assert [
        layer.dilation_rate[0]
        for layer in model.layers
        if isinstance(layer, keras.layers.DepthwiseConv2D)
    ] == expected


def test_odd_sizes():
    """Zeros before a stride halve odd and even sides alike, rounding up."""
    part = place(before=(9, 6, 4), after=(5, 3, 8))

    for shunt in SHUNTS:
        model = build_shunt(part, shunt, 1)
        assert answer(model, samples.images(model)).shape == (3, 5, 3, 8)
