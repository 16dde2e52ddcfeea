"""The maps that shunts learn from."""

import numpy as np
import pytest
import surgery_samples as samples
import tensorflow as tf
from surgery_samples import answer, copy_of, images, weights, window

from harness.errors import HarnessError
from reproductions.shunt.params.shunt import Shunt
from reproductions.shunt.shunts import build_shunt
from reproductions.shunt.surgery.blocks import blocks
from reproductions.shunt.surgery.features import Features, chain, feed
from reproductions.shunt.surgery.region import region
from reproductions.shunt.surgery.replacement import with_shunts

NARROW = Shunt(architecture=4, width="window")
WINDOWS = (window("1-2"), window("4-5"))


@pytest.fixture(scope="module")
def network():
    """Give a network of six blocks; not to be changed."""
    return samples.tiny()


@pytest.fixture(scope="module")
def shunts(network):
    """Give a shunt for each of two windows; not to be changed."""
    return {
        one: build_shunt(region(network, one), NARROW, seed) for seed, one in enumerate(WINDOWS)
    }


def test_features_are_the_maps_of_the_network(network):
    """Going on from the map after a window gives the outputs of the network."""
    inputs = images(network)
    features = Features.of(network, reversed(WINDOWS))
    found = features(inputs)

    assert features.windows == tuple(found) == WINDOWS
    for one, (before, after) in found.items():
        part = copy_of(network, str(one))
        assert np.array_equal(answer(part, before), after)
        assert before.shape[1:] == region(network, one).site.input


def test_features_are_in_inference_and_frozen(network):
    """Taking features leaves statistics as they are, and lets no gradient through."""
    inputs, before = tf.constant(images(network)), weights(network)
    features = Features.of(network, WINDOWS)

    with tf.GradientTape() as tape:
        tape.watch(inputs)
        total = sum(tf.reduce_sum(one) for pair in features(inputs).values() for one in pair)
    assert tape.gradient(total, [inputs, *network.trainable_variables]) == [None] * (
        1 + len(network.trainable_variables)
    )
    assert all(map(np.array_equal, before, weights(network)))


def test_features_without_shunts_are_fed_from_the_network(network):
    """Without earlier shunts a window is fed by the network itself."""
    inputs = images(network)
    ((before, _),) = Features.of(network, [WINDOWS[1]])(inputs).values()

    assert np.array_equal(answer(feed(network, WINDOWS[1], {}), inputs), before)


def test_a_later_window_is_fed_through_earlier_shunts(network, shunts):
    """With an earlier shunt in place the later window gets what the network with it gives."""
    inputs = images(network)
    first, later = WINDOWS
    before = answer(feed(network, later, {first: shunts[first]}), inputs)
    ((untouched, _),) = Features.of(network, [later])(inputs).values()
    shunted = with_shunts(network, {first: shunts[first]})

    ((expected, _),) = Features.of(shunted, [later])(inputs).values()
    assert np.array_equal(before, expected)
    assert not np.array_equal(before, untouched)


@pytest.mark.parametrize("index", [0, 1])
def test_a_shunt_that_does_not_come_before(network, shunts, index):
    """A shunt is fed through shunts that come before it alone."""
    with pytest.raises(HarnessError, match=f"{WINDOWS[1]} does not come before"):
        feed(network, WINDOWS[index], {WINDOWS[1]: shunts[WINDOWS[1]]})


def test_a_chain_gives_what_every_shunt_gives(network, shunts):
    """With all shunts in place each gives what it makes of what those before it gave."""
    inputs = images(network)
    outputs = chain(network, shunts)(inputs, training=False)
    first, later = WINDOWS

    fed = feed(network, later, {first: shunts[first]})
    ((before, _),) = Features.of(network, [first])(inputs).values()
    assert np.array_equal(outputs[0], answer(shunts[first], before))
    assert np.array_equal(outputs[1], answer(shunts[later], answer(fed, inputs)))


def test_training_a_chain_changes_the_shunts_alone(network):
    """Gradients of a later output reach the earlier shunt; the layers around stay."""
    made = {one: build_shunt(region(network, one), NARROW, 3) for one in WINDOWS}
    model, before = chain(network, made), weights(network)
    inputs = images(network)
    own = [id(one) for shunt in made.values() for one in shunt.trainable_variables]

    with tf.GradientTape() as tape:
        _, last = model(inputs, training=True)
        loss = tf.reduce_mean(last**2)
    gradients = tape.gradient(loss, model.trainable_variables)
    assert sorted(id(one) for one in model.trainable_variables) == sorted(own)
    assert all(one is not None for one in gradients)
    assert all(map(np.array_equal, before, weights(network)))
    assert all(one.trainable for one in network.trainable_variables)


def test_layers_around_a_chain_do_not_train(network, shunts):
    """In training the layers around the shunts stay in inference."""
    inputs = images(network)
    model = chain(network, shunts)
    around = [one for one in model.layers if one.name.startswith(("stem", "expanded_conv_0"))]
    before = [value for one in around for value in weights(one)]

    model(inputs, training=True)
    assert not any(one.trainable for one in around)
    after = [value for one in around for value in weights(one)]
    assert all(map(np.array_equal, before, after))


def test_a_window_that_cannot_be_replaced_has_no_features(network):
    """Features of a block that is not there are refused."""
    with pytest.raises(HarnessError, match="no block 6"):
        Features.of(network, [window("5-6")])


def test_nothing_of_the_network_is_renamed(network):
    """Sub-models leave names and blocks of the network as they were."""
    names = [one.name for one in network.layers]
    Features.of(network, WINDOWS)

    assert [one.name for one in network.layers] == names
    assert [one.ordinal for one in blocks(network)] == list(range(6))
