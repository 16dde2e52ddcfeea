"""The descriptions of the networks against the counts of the released code."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from reproductions.nonn.architecture import backbone, classifier, filters, head_of, student
from reproductions.nonn.architecture.block import Block
from reproductions.nonn.architecture.layer import Conv, MaxPool
from reproductions.nonn.params.network import Network

NETWORK = TypeAdapter(Network)


def network(family, **numbers):
    """Validate a network as a spec would."""
    return NETWORK.validate_python({"family": family, **numbers})


@pytest.mark.parametrize(
    ("described", "parameters", "millions", "features"),
    [
        (network("wrn", depth=40, width=4), 8_955_050, "1411.828", 256),
        (network("wrn", depth=16, width=4), 2_751_146, "505.859", 256),
        (network("wrn", depth=16, width=1), 175_626, "33.735", 64),
        (network("wrn", depth=16, width=2), 692_810, "129.418", 128),
        (network("wrn", depth=28, width=10, classes=100), 36_546_980, "5951.175", 640),
        (network("vgg", depth=11), 9_231_114, "152.770", 512),
        (network("mobilenetv2", multiplier=0.25), 164_750, "6.968", 320),
    ],
)
def test_counts_of_whole_networks(described, parameters, millions, features):
    """Parameters, multiply-adds and features are those measured on the released networks."""
    whole = classifier(described)

    assert whole.parameters == parameters
    assert f"{whole.macs / 1e6:.3f}" == millions
    assert filters(described) == features
    assert whole.output == (described.classes, 1, 1)


@pytest.mark.parametrize(
    ("described", "parameters"),
    [
        (network("vgg", depth=13), 9_416_010),
        (network("vgg", depth=16), 14_728_266),
        (network("vgg", depth=19), 20_040_522),
        (network("mobilenetv2"), 2_296_922),
        (network("mobilenetv2", multiplier=0.5), 602_482),
    ],
)
def test_parameters_that_the_release_quotes(described, parameters):
    """The larger networks have the parameters that the released code quotes."""
    assert classifier(described).parameters == parameters


@pytest.mark.parametrize(
    ("described", "channels", "parameters", "millions"),
    [
        (network("wrn", depth=16, width=1), 49, 178_210, "33.935"),
        (network("wrn", depth=16, width=1), 48, 178_144, None),
        (network("mobilenetv2", multiplier=0.25), 49, 177_318, "7.216"),
        (network("mobilenetv2", multiplier=0.25), 48, 176_996, None),
        (network("vgg", depth=11), 49, 9_251_170, "152.790"),
        (network("vgg", depth=11), 48, 9_250_656, None),
    ],
)
def test_counts_of_students(described, channels, parameters, millions):
    """A student is the backbone with its bridge, and has the counts of the release."""
    node = student(described, channels)

    assert node.parameters == parameters
    assert millions is None or f"{node.macs / 1e6:.3f}" == millions
    assert node.output == (channels, 1, 1)


def test_head_of_the_published_partition():
    """The head from 97 features to 10 classes has 980 parameters and 970 multiply-adds."""
    head = head_of(97, 10)

    assert (head.parameters, head.macs((97, 1, 1))) == (980, 970)


def test_release_strides_in_the_second_convolution():
    """The first convolution of a group keeps the resolution, the second halves it."""
    blocks = {block.name: block for block in backbone(network("wrn", depth=16, width=1)).blocks}
    first, second = (layer for layer in blocks["group2.block0"].body if isinstance(layer, Conv))

    assert (first.stride, second.stride) == (1, 2)
    assert (first.bias, second.bias) == (True, True)


def test_residual_blocks_need_fitting_shapes():
    """An identity shortcut stands only where input and output have the same shape."""
    for described in (network("wrn", depth=16, width=2), network("mobilenetv2")):
        for block, shape in backbone(described).placed():
            if block.shortcut is not None:
                around = Block(block.name, block.shortcut)
                assert around.output(shape) == block.output(shape)


networks = st.one_of(
    st.builds(
        lambda n, **rest: network("wrn", depth=6 * n + 4, **rest),
        n=st.integers(1, 3),
        width=st.integers(1, 3),
        image_size=st.integers(1, 40),
        image_channels=st.sampled_from([1, 3]),
    ),
    st.builds(
        lambda **rest: network("vgg", **rest),
        depth=st.sampled_from([11, 13, 16, 19]),
        multiplier=st.sampled_from([0.01, 0.125, 1.0]),
        image_size=st.integers(1, 40),
    ),
    st.builds(
        lambda **rest: network("mobilenetv2", **rest),
        multiplier=st.sampled_from([0.01, 0.25, 1.0]),
        image_size=st.integers(1, 40),
    ),
)


@settings(max_examples=80)
@given(networks)
def test_no_map_shrinks_to_nothing(described):
    """At any image size every map has at least one pixel, and every layer fits the last."""
    channels = described.image_channels
    for block, shape in classifier(described).placed():
        for use in block.uses(shape):
            assert min(use.output) >= 1
            if isinstance(use.layer, Conv):
                assert use.layer.inputs == use.input[0]
                assert use.layer.inputs % use.layer.groups == 0
        assert shape[0] == channels
        channels = block.output(shape)[0]


def test_pools_are_left_out_where_one_pixel_is_left():
    """VGG on 8x8 images has three pools instead of five."""
    layers = [use.layer for use in backbone(network("vgg", depth=11, image_size=8)).uses()]

    assert sum(isinstance(layer, MaxPool) for layer in layers) == 3


def test_blocks_state_their_activations():
    """The stem of WRN writes 16 maps of the image's size, the largest map of WRN16-1."""
    described = backbone(network("wrn", depth=16, width=1))

    assert described.blocks[0].activations(described.image) == 16 * 32 * 32
    assert described.largest_activation == 32 * 32 * 32


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"family": "wrn", "depth": 17, "width": 1}, "6n \\+ 4"),
        ({"family": "vgg", "depth": 12}, "11, 13, 16 or 19"),
        ({"family": "resnet", "depth": 18}, "'wrn', 'vgg', 'mobilenetv2'"),
        ({"family": "wrn", "depth": 16}, "width"),
        ({"family": "mobilenetv2", "width": 2}, "width"),
    ],
)
def test_networks_that_do_not_exist_are_refused(wrong, said):
    """A depth, family or key that no network has is refused with what is allowed."""
    with pytest.raises(ValidationError, match=said):
        NETWORK.validate_python(wrong)
