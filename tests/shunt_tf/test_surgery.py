"""Taking blocks out of networks and putting shunts in."""

import keras
import network_samples
import numpy as np
import pytest
import surgery_samples as samples
from surgery_samples import answer, copy_of, images, stirred, weights, window

from reproductions.shunt.params.shunt import Shunt
from reproductions.shunt.shunts import build_shunt
from reproductions.shunt.surgery.blocks import blocks
from reproductions.shunt.surgery.cost import UncountedWarning, cost
from reproductions.shunt.surgery.rebuilding import rebuilt
from reproductions.shunt.surgery.region import region
from reproductions.shunt.surgery.removal import without_blocks
from reproductions.shunt.surgery.replacement import with_shunts

NARROW = Shunt(width="window")
MADE = {
    "tiny": samples.tiny,
    "keras v3": samples.v3,
    "plain": samples.plain,
    "deeplab": lambda: network_samples.built(network_samples.DEEPLAB),
}
RESIDUAL = {
    "tiny": [2, 3, 5],
    "keras v3": [2, 4, 5, 6, 7, 9, 10],
    "plain": [0, 2],
    "deeplab": [2, 4, 5, 7, 9, 10],
}
WINDOWS = {
    "tiny": ("1", "3-4"),
    "keras v3": ("0-1", "5-10"),
    "plain": ("0-1",),
    "deeplab": ("3-7", "9-10"),
}


@pytest.fixture(scope="module", params=MADE)
def kind(request):
    """Name one of the networks."""
    return request.param


@pytest.fixture(scope="module")
def network(kind):
    """Give one of the networks; not to be changed."""
    return MADE[kind]()


def test_blocks_are_found(kind, network):
    """Blocks are numbered from 0; those with a way around are residual.

    At half the width the 6th of MobileNetV3 small has one too, as the release has.
    """
    found = blocks(network)

    assert [one.ordinal for one in found] == list(range(len(found)))
    assert [one.ordinal for one in found if one.residual] == RESIDUAL[kind]
    for one in found:
        assert not one.residual or one.entry.shape == one.exit.shape


def test_a_copy_shares_nothing(network):
    """A rebuilt network gives the same bits, and changing it leaves the first as it was."""
    inputs = images(network)
    before, values = answer(network, inputs), weights(network)

    copy = rebuilt(network, prefix="copy_")
    assert np.array_equal(answer(copy, inputs), before)
    (first, *names), (image, *others) = ([one.name for one in m.layers] for m in (copy, network))
    assert first == image
    assert names == [f"copy_{name}" for name in others]
    assert not {id(one) for one in copy.variables} & {id(one) for one in network.variables}
    stirred(copy, seed=9)
    assert all(map(np.array_equal, values, weights(network)))
    assert not np.array_equal(answer(copy, inputs), before)


def test_removing_a_block_is_zeroing_its_projection(kind, network):
    """Without a residual block the outputs are those with scale and shift of zero, bit for bit.

    DeepLab's head still reads the map inside block 2, whose sum is taken out.
    """
    inputs = images(network)
    zeroed = rebuilt(network)
    for one in blocks(zeroed):
        if one.residual:
            _silence(one)

    removed = without_blocks(network, RESIDUAL[kind])
    assert np.array_equal(answer(removed, inputs), answer(zeroed, inputs))
    assert len(removed.layers) < len(network.layers)
    assert not np.array_equal(answer(removed, inputs), answer(network, inputs))


def _silence(block):
    """Zero scale and shift of the layer before the sum; of a convolution, all of its weights."""
    weighty = [call.operation for call in block.calls if getattr(call.operation, "weights", ())]
    for weight in weighty[-1].trainable_weights:
        weight.assign(np.zeros(weight.shape))


@pytest.mark.parametrize("ordinal", RESIDUAL["tiny"])
def test_each_block_can_be_zeroed_or_removed(ordinal, tiny):
    """For each residual block alone, removing it equals zeroing it, bit for bit."""
    inputs = images(tiny)
    zeroed = rebuilt(tiny)
    _silence(blocks(zeroed)[ordinal])

    assert np.array_equal(answer(without_blocks(tiny, [ordinal]), inputs), answer(zeroed, inputs))


@pytest.fixture(scope="module")
def tiny():
    """Give a network of six blocks; not to be changed."""
    return samples.tiny()


def test_shunts_that_copy_their_windows_change_nothing(kind, network):
    """Shunts that are copies of their windows give the network's outputs, bit for bit."""
    inputs = images(network)
    shunts = {
        window(text): copy_of(network, text, f"copy_{index}")
        for index, text in enumerate(WINDOWS[kind])
    }

    final = with_shunts(network, shunts)
    assert np.array_equal(answer(final, inputs), answer(network, inputs))
    assert cost(final) == cost(network)
    assert [one.name for one in final.layers if isinstance(one, keras.Model)] == [
        one.name for one in shunts.values()
    ]


def test_what_a_network_with_shunts_costs(tiny):
    """It costs what is left and what the shunts cost, nested as they are."""
    parts = [region(tiny, window(text)) for text in ("1-3", "4-5")]
    shunts = [build_shunt(part, NARROW, 1) for part in parts]
    final = with_shunts(tiny, {part.window: one for part, one in zip(parts, shunts, strict=True)})

    whole, made = cost(tiny), [cost(one) for one in shunts]
    for name in ("macs", "parameters"):
        left = getattr(whole, name) - sum(getattr(part.cost, name) for part in parts)
        assert getattr(cost(final), name) == left + sum(getattr(one, name) for one in made)
    assert cost(final).parameters == final.count_params()
    assert cost(final).macs < whole.macs


def test_training_the_final_network_leaves_original_and_shunt(tiny):
    """The network with shunts shares no variable with the original, nor with the shunts."""
    part = region(tiny, window("2-3"))
    shunt = build_shunt(part, NARROW, 1)
    final = with_shunts(tiny, {part.window: shunt})
    (inside,) = (one for one in final.layers if isinstance(one, keras.Model))

    assert all(map(np.array_equal, weights(inside), weights(shunt)))
    others = {id(one) for model in (tiny, shunt) for one in model.variables}
    assert not others & {id(one) for one in final.variables}


def test_a_second_round(tiny):
    """A network with a shunt is taken for surgery again; blocks keep their numbers."""
    inputs = images(tiny)
    first = with_shunts(tiny, {window("2-3"): copy_of(tiny, "2-3")})
    second = with_shunts(first, {window("5"): copy_of(first, "5", "later")}, prefix="re_")

    assert [one.ordinal for one in blocks(first)] == [0, 1, 4, 5]
    assert np.array_equal(answer(second, inputs), answer(tiny, inputs))
    assert [one.name for one in second.layers if isinstance(one, keras.Model)] == [
        "re_copy",
        "later",
    ]
    over = region(first, window("1-4"))
    assert [one.ordinal for one in over.blocks] == [1, 4]
    assert over.cost == region(tiny, window("1-4")).cost
    replaced = with_shunts(first, {over.window: build_shunt(over, NARROW, 1)})
    assert replaced.output_shape == tiny.output_shape


def test_a_network_with_shunts_is_saved_and_loaded(tiny, tmp_path):
    """A network with shunts comes back from its .keras file with the same outputs."""
    part = region(tiny, window("2-3"))
    shunt = build_shunt(part, NARROW, 1)
    final = with_shunts(tiny, {part.window: shunt})
    final.save(tmp_path / "final.keras")
    inputs = images(tiny)

    loaded = keras.models.load_model(tmp_path / "final.keras")
    assert np.array_equal(answer(loaded, inputs), answer(final, inputs))


def test_adjacent_windows(tiny):
    """A window may begin where another ends."""
    inputs = images(tiny)
    shunts = {window(text): copy_of(tiny, text, f"copy_{text[0]}") for text in ("2", "3")}

    assert np.array_equal(answer(with_shunts(tiny, shunts), inputs), answer(tiny, inputs))


def test_a_sequential_network_and_shared_layers():
    """Sequential models and layers that are called twice are copied as they are."""
    shared = keras.layers.Dense(4, name="shared")
    inner = keras.Sequential([keras.Input((4,)), shared, keras.layers.Dropout(0.5)], name="inner")
    given = keras.Input((4,), name="given")
    other = keras.Input((4,), name="other")
    total = keras.layers.Add(name="total")([inner(given), inner(shared(other))])
    model = keras.Model({"given": given, "other": other}, {"total": total}, name="two")
    inputs = {
        name: samples.generator(seed).random((2, 4)).astype(np.float32)
        for seed, name in enumerate(("given", "other"))
    }

    copy = rebuilt(model)
    assert np.array_equal(copy(inputs)["total"], model(inputs)["total"])
    assert len(copy.get_layer("inner").layers) == len(inner.layers) + 1  # with its input
    sequential = rebuilt(inner)
    assert np.array_equal(answer(sequential, inputs["given"]), answer(inner, inputs["given"]))


def test_the_cost_of_layers():
    """Convolutions and dense layers count by the size of their outputs, whatever their padding."""
    image = keras.Input((9, 9, 4))
    x = keras.layers.Conv2D(6, 3, 2, name="a")(image)  # 4x4
    x = keras.layers.DepthwiseConv2D(3, padding="same", name="b")(x)
    x = keras.layers.Conv2D(8, 1, groups=2, use_bias=False, name="c")(x)
    x = keras.layers.SeparableConv2D(5, 3, name="d")(x)  # 2x2
    x = keras.layers.Dense(3, name="e")(keras.layers.Flatten()(x))
    macs = 16 * 6 * 36 + 16 * 6 * 9 + 16 * 8 * 3 + 4 * (8 * 9 + 8 * 5) + 20 * 3

    model = keras.Model(image, x)
    assert cost(model).macs == macs
    assert cost(model).parameters == model.count_params()
    outer = keras.Model(image, keras.layers.Dense(2, use_bias=False)(model(image)))
    assert cost(outer).macs == macs + 6


def test_a_layer_that_cannot_be_counted_is_told():
    """A layer with a kernel whose multiply-adds are not known gives a warning."""
    image = keras.Input((4, 4, 2))
    model = keras.Model(image, keras.layers.Conv2DTranspose(2, 3, name="up")(image))

    with pytest.warns(UncountedWarning, match="'up'"):
        assert cost(model).macs == 0
