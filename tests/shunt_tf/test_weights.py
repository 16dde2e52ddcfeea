"""Weights as arrays, and back into a model."""

import keras
import numpy as np
import pytest
from network_samples import FAMILIES, family, images, network, sample

from harness.errors import HarnessError
from harness.formats.arrays import read_weights, write_weights
from reproductions.naming import under, within
from reproductions.shunt import models
from reproductions.shunt.determinism import settle
from reproductions.shunt.weights import restore, snapshot, variables

settle()


def tiny(name, units=2):
    """Return a model of one dense layer."""
    image = keras.Input((3,))
    return keras.Model(image, keras.layers.Dense(units, name="last")(image), name=name)


def nest(inner):
    """Return a model that has `inner` in its midst."""
    image = keras.Input((3,))
    return keras.Model(image, keras.layers.Dense(1, name="head")(inner(image)), name="outer")


@pytest.mark.parametrize("index", range(4), ids=family)
def test_weights_come_back(index, tmp_path):
    """Weights that went through a file give a new model the outputs of the old one."""
    model = sample(index)
    other = models.build(network(FAMILIES[index]), 2)
    write_weights(tmp_path / "weights.safetensors", snapshot(model))
    restore(other, read_weights(tmp_path / "weights.safetensors"), "here")

    x = images(model)
    np.testing.assert_array_equal(other(x), model(x))


def test_names_of_weights():
    """A weight is named by its layer, one of a nested model by that model too."""
    named = list(variables(nest(tiny("inner"))))

    assert named == ["inner/last/kernel", "inner/last/bias", "head/kernel", "head/bias"]
    assert list(snapshot(sample(0)))[:6] == [
        "Conv/kernel", "Conv_BN/gamma", "Conv_BN/beta", "Conv_BN/moving_mean",
        "Conv_BN/moving_variance", "expanded_conv_0_depthwise/kernel",
    ]  # fmt: skip


def test_every_weight_is_there():
    """No weight of a model is left out, and no state of a random layer is in."""
    model = sample(1)
    shapes = sorted(value.shape for value in snapshot(model).values())

    assert shapes == sorted(tuple(weight.shape) for weight in model.weights)
    assert not any("seed" in name for name in variables(model))


def test_weights_of_one_name_in_one_layer():
    """A layer with two weights of one name keeps both apart."""
    image = keras.Input((4, 6))
    attention = keras.layers.MultiHeadAttention(2, 3, name="attention")
    model = keras.Model(image, attention(image, image))
    weights = snapshot(model)

    assert len(weights) == len(model.weights)
    assert {"attention/kernel", "attention/kernel_1"} <= weights.keys()


def test_nested_weights_come_back():
    """The weights of a nested model are restored in place."""
    one, other = nest(tiny("inner")), nest(tiny("inner"))
    restore(other, snapshot(one), "here")

    for name, value in snapshot(one).items():
        np.testing.assert_array_equal(snapshot(other)[name], value)


def test_a_snapshot_is_a_copy():
    """What is changed in the model later does not change a snapshot."""
    model = tiny("one")
    before = snapshot(model)
    kept = {name: value.copy() for name, value in before.items()}
    for variable in variables(model).values():
        variable.assign(variable + 1)

    for name, value in before.items():
        np.testing.assert_array_equal(value, kept[name])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda w: w | {"last/kernel": w["last/kernel"].T}, r"'last' .* 'kernel' has the shape"),
        (lambda w: {"last/kernel": w["last/kernel"]}, r"'last' the weight 'bias' is missing"),
        (lambda w: w | {"more/bias": w["last/bias"]}, r"'more' the weight 'bias' is left over"),
        (lambda w: w | {"last/bias": w["last/bias"].astype(int)}, "is of type int64 and not float"),
    ],
)
def test_weights_of_another_network_are_refused(change, said):
    """Weights that do not fit are named by layer, with their source; the model stays as it was."""
    model = tiny("one")
    before = snapshot(model)
    wrong = change({name: value + 1 for name, value in before.items()})

    with pytest.raises(HarnessError, match=r"(?s)teacher\.safetensors.*" + said):
        restore(model, wrong, "teacher.safetensors")
    for name, value in snapshot(model).items():
        np.testing.assert_array_equal(value, before[name])


def test_weights_of_another_family_are_refused():
    """Weights of another family are refused with the name of the network that they do not fit."""
    with pytest.raises(HarnessError, match=r"network mobilenetv3small: in the layer "):
        restore(sample(1), snapshot(sample(0)), "here")


def test_weights_of_several_models_in_one_file():
    """Prefixes keep the weights of several models apart."""
    weights = {"last/kernel": np.zeros(1)}
    both = under("final", weights) | under("finalised", weights)

    assert list(both) == ["final.last/kernel", "finalised.last/kernel"]
    assert within("final", both) == weights
