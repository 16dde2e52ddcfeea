"""What surgery refuses, and the reason that it gives."""

import keras
import network_samples
import pytest
import surgery_samples as samples
from surgery_samples import window

from harness.errors import HarnessError
from reproductions.shunt.params.shunt import Shunt
from reproductions.shunt.shunts import build_shunt
from reproductions.shunt.surgery.blocks import blocks, window_of
from reproductions.shunt.surgery.graph import Graph
from reproductions.shunt.surgery.region import faults, region
from reproductions.shunt.surgery.removal import without_blocks
from reproductions.shunt.surgery.replacement import with_shunts


@pytest.fixture(scope="module")
def v2():
    """Give our MobileNetV2; not to be changed."""
    return network_samples.built(network_samples.V2)


@pytest.fixture(scope="module")
def deeplab():
    """Give our DeepLabV3; not to be changed."""
    return network_samples.built(network_samples.DEEPLAB)


def chosen(model, first, last):
    """Return the calls from the layer `first` to the layer `last`, and the graph."""
    graph = Graph.of(model)
    names = [call.name for call in graph.calls]
    within = graph.calls[names.index(first) : names.index(last) + 1]
    return graph, [call for call in within if call.inputs]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("7-12", "7-12"),
        ("expanded_conv_7", "7-7"),
        ("expanded_conv_7:expanded_conv_12", "7-12"),
        ("expanded_conv_0 : expanded_conv_3", "0-3"),
    ],
)
def test_windows_by_number_or_name(v2, address, expected):
    """A window is written with the numbers of blocks or with their names."""
    assert str(window_of(blocks(v2), address)) == expected


@pytest.mark.parametrize(
    "address", ["7-17", "block_7", "7-", "expanded_conv_3:head", "expanded_conv_7:expanded_conv_3"]
)
def test_blocks_that_are_not_there(v2, address):
    """Unknown blocks are refused with those that there are."""
    with pytest.raises(HarnessError, match=r"no block|comes before"):
        window_of(blocks(v2), address)


def test_a_window_past_the_last_block(v2):
    """A window with a block that is not there is refused."""
    with pytest.raises(HarnessError, match="no block 17") as caught:
        region(v2, window("15-17"))
    assert "0 to 16" in caught.value.remedy


def test_blocks_that_a_shunt_has_replaced(v2):
    """A window cannot begin or end with a block that an earlier shunt has replaced."""
    first = with_shunts(v2, {window("7-9"): samples.copy_of(v2, "7-9")})

    with pytest.raises(HarnessError, match="no block 8") as caught:
        region(first, window("8-12"))
    assert "6, 10" in caught.value.remedy


@pytest.mark.parametrize("text", ["2", "1-2", "0-10"])
def test_a_window_over_a_map_that_is_read_elsewhere(deeplab, text):
    """DeepLab's head reads block 2 inside: a window with it is refused, and the reader named."""
    with pytest.raises(HarnessError, match="'decoder_feature_projection0' outside of it reads"):
        region(deeplab, window(text))


def test_an_addition_that_loses_both_inputs(v2):
    """Layers up to just before an addition, whose other way is within, are no window."""
    graph, calls = chosen(v2, "expanded_conv_7_expand", "expanded_conv_8_project_BN")

    assert "the addition 'expanded_conv_8_Add' would lose both of its inputs" in faults(
        graph, calls
    )


def test_a_cut_residual_at_the_end(v2):
    """Layers that end within a residual block, around which a way leads, cut it."""
    graph, calls = chosen(v2, "expanded_conv_7_expand", "expanded_conv_7_project_BN")

    assert faults(graph, calls) == (
        "it cuts the residual that 'expanded_conv_7_Add' closes, which stays outside",
    )


def test_a_cut_residual_at_the_beginning(v2):
    """Layers that begin within a residual block cut it."""
    graph, calls = chosen(v2, "expanded_conv_7_depthwise", "expanded_conv_8_Add")

    assert faults(graph, calls) == (
        "it cuts the residual that 'expanded_conv_7_Add' closes, which begins outside",
    )


def test_whole_blocks_have_no_fault(v2):
    """Whole blocks are replaced without a fault."""
    graph, calls = chosen(v2, "expanded_conv_7_expand", "expanded_conv_12_Add")

    assert faults(graph, calls) == ()


def test_layers_that_read_or_give_more():
    """A second input, a second reader and an output of the network inside are told."""
    image, other = keras.Input((4,), name="image"), keras.Input((4,), name="other")
    a = keras.layers.Dense(4, name="block_1_a")(image)
    b = keras.layers.Multiply(name="block_1_b")([a, other])
    c = keras.layers.Dense(4, name="head")(b)
    d = keras.layers.Multiply(name="block_2_c")([c, a])
    model = keras.Model([image, other], [d, a])
    graph, calls = chosen(model, "block_1_a", "block_1_b")

    found = faults(graph, calls, image, b)
    assert "'block_1_b' inside also reads 'other' from outside" in found
    assert "'block_2_c' outside of it reads 'block_1_a' inside" in found
    assert "'block_1_a' inside is an output of the network" in found


def test_overlapping_windows(v2):
    """Two shunts cannot replace one block."""
    shunts = {window(text): samples.copy_of(v2, text) for text in ("7-9", "9-11")}

    with pytest.raises(HarnessError, match="share block 9"):
        with_shunts(v2, shunts)


def test_a_shunt_that_costs_more(v2):
    """A shunt with more multiply-adds than its window is refused, built or given."""
    part = region(v2, window("4-5"))

    with pytest.raises(HarnessError, match=r"needs [\d,]+ multiply-adds, and what it replaces"):
        build_shunt(part, Shunt(), 1)
    given = keras.Input(part.entry.shape[1:])
    dear = keras.Model(given, keras.layers.Conv2D(part.exit.shape[-1], 15, padding="same")(given))
    with pytest.raises(HarnessError, match="what it replaces"):
        with_shunts(v2, {part.window: dear})


def test_a_shunt_of_another_window(v2):
    """A shunt of other shapes than its window's is refused."""
    with pytest.raises(HarnessError, match=r"'copy' maps .* and window 4-5"):
        with_shunts(v2, {window("4-5"): samples.copy_of(v2, "7-9")})


def test_more_strides_than_the_architecture_has(v2):
    """Blocks 1 to 6 halve the map three times, which architecture 1 cannot."""
    part = region(v2, window("1-6"))

    assert part.site.strided == 3
    with pytest.raises(HarnessError, match="halves the map 3 times"):
        build_shunt(part, Shunt(architecture=1), 1)


def test_two_layers_of_one_name(v2):
    """Two shunts of one name are refused."""
    shunts = {window(text): samples.copy_of(v2, text) for text in ("7-9", "11-12")}

    with pytest.raises(HarnessError, match="would be named 'copy'"):
        with_shunts(v2, shunts)


def test_a_block_that_is_not_residual_stays(v2):
    """A block that changes the map cannot be left out."""
    with pytest.raises(HarnessError, match=r"block 3 \('expanded_conv_3'\) is not residual"):
        without_blocks(v2, [2, 3])


def test_images_of_no_fixed_size():
    """Surgery with shunts needs images of a fixed size, and says so."""
    loose = keras.applications.MobileNetV2((None, None, 3), 0.35, weights=None, include_top=False)
    part = region(loose, window("7-9"))

    with pytest.raises(HarnessError, match="maps of a fixed size"):
        build_shunt(part, Shunt(), 1)


def test_a_network_without_blocks():
    """A chain of layers has no blocks."""
    image = keras.Input((8, 8, 3))
    model = keras.Model(image, keras.layers.Conv2D(4, 3)(image), name="chain")

    with pytest.raises(HarnessError, match="'chain' has no blocks"):
        blocks(model)


def test_layers_whose_names_lie():
    """Layers that are named as one block but follow from other layers are refused."""
    image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, name="x")(image)
    y = keras.layers.Conv2D(4, 3, name="block_1_a")(image)
    z = keras.layers.Conv2D(4, 3, name="block_1_b")(x)
    model = keras.Model(image, [y, z], name="liar")

    with pytest.raises(HarnessError, match="'block_1_a' does not lead to 'block_1_b'"):
        region(model, window("1"))


def test_a_model_that_is_no_graph():
    """A model with a call of its own has no graph to work on."""

    class Own(keras.Model):
        """A model of its own."""

    with pytest.raises(HarnessError, match="is not a graph of layers"):
        blocks(Own(name="own"))
