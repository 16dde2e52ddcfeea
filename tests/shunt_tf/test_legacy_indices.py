"""Pairs of layer indices, as the release writes windows."""

import warnings

import network_samples
import pytest
import surgery_samples as samples

from harness.errors import HarnessError
from reproductions.shunt.models import released_layers
from reproductions.shunt.surgery.legacy import LegacyIndexWarning, window_of_indices


@pytest.fixture(scope="module")
def v2():
    """Give our MobileNetV2; not to be changed."""
    return network_samples.built(network_samples.V2)


@pytest.fixture(scope="module")
def v3():
    """Give our MobileNetV3 small at the width of the publication; not to be changed."""
    return network_samples.built(network_samples.SMALL, width=1.0)


@pytest.fixture(scope="module")
def deeplab():
    """Give our DeepLabV3 at the width of the publication; not to be changed."""
    return network_samples.built(network_samples.DEEPLAB, width=1.0)


@pytest.fixture
def quiet():
    """Turn warnings into errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", LegacyIndexWarning)
        yield


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(
    ("network", "pair", "expected"),
    [
        ("deeplab", (64, 157), "5-10"),
        ("v3", (65, 158), "5-10"),
        ("v2", (64, 116), "7-12"),
        ("v2", (37, 54), "4-5"),
    ],
)
def test_published_pairs(network, pair, expected, request):
    """The pairs of the release are whole blocks of the networks that they were made for."""
    model = request.getfixturevalue(network)

    assert str(window_of_indices(model, pair, released_layers(model))) == expected


def test_the_published_pair_in_another_network(v3):
    """In plain MobileNetV3 small 64,157 leaves an addition without inputs: 65,158 is taken."""
    with pytest.warns(LegacyIndexWarning) as told:
        found = window_of_indices(v3, (64, 157))

    assert str(found) == "5-10"
    message = str(told[0].message)
    assert "the addition 'expanded_conv_10_Add' would lose both of its inputs" in message
    assert "blocks 5-10, which are the layers 65,158" in message


def test_a_pair_that_lacks_layers_of_padding(v2):
    """The predecessor's 62,114 for MobileNetV2 is the same window as 64,116."""
    with pytest.warns(LegacyIndexWarning, match="blocks 7-12, which are the layers 64,116"):
        assert str(window_of_indices(v2, (62, 114))) == "7-12"


def test_a_pair_without_a_fault_that_is_no_blocks(v2):
    """A pair that could be replaced, but is not whole blocks, is told by its layers' names."""
    with pytest.warns(LegacyIndexWarning, match="begin with 'expanded_conv_6_project_BN'"):
        assert str(window_of_indices(v2, (63, 116))) == "7-12"


@pytest.mark.parametrize("pair", [(68, 116), (64, 111), (0, 116), (64, 155)])
def test_a_pair_that_cannot_be_meant(v2, pair):
    """A pair far from the ends of blocks is refused with the ends that there are."""
    with pytest.raises(HarnessError, match="are no window of blocks") as caught:
        window_of_indices(v2, pair)
    assert "64" in caught.value.remedy
    assert "116" in caught.value.remedy


@pytest.mark.parametrize("pair", [(-1, 12), (116, 64), (64, 158)])
def test_a_pair_outside_of_the_network(v2, pair):
    """Indices that no layer has, or in the wrong order, are refused."""
    with pytest.raises(HarnessError, match="has 158 layers"):
        window_of_indices(v2, pair)


def test_a_pair_over_a_map_that_is_read_elsewhere(deeplab):
    """A pair of whole blocks that cannot be replaced is refused with the reason."""
    names = [layer.name for layer in deeplab.layers]
    pair = (names.index("expanded_conv_1_expand"), names.index("expanded_conv_3_project_BN"))

    with pytest.raises(HarnessError, match="decoder_feature_projection0"):
        window_of_indices(deeplab, pair)


def test_operations_that_are_no_layers():
    """In networks with operations that Keras does not list, indices count layers alone."""
    model = samples.v3()
    names = [layer.name for layer in model.layers]
    pair = (names.index("expanded_conv_5_expand"), names.index("expanded_conv_10_add"))

    assert str(window_of_indices(model, pair)) == "5-10"
    with pytest.warns(LegacyIndexWarning, match="lose both of its inputs"):
        assert str(window_of_indices(model, (pair[0], pair[1] - 1))) == "5-10"
