"""The released shunts, against the counts of the release and first principles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError
from reproductions.shunt import architecture
from reproductions.shunt.architecture.layer import Conv, Depthwise, ZeroPad
from reproductions.shunt.architecture.shunt import (
    BOTTLENECKS,
    Site,
    bottlenecks,
    check_cheaper,
    describe_shunt,
    site_of,
)
from reproductions.shunt.params.network import DeepLabV3, MobileNetV2, MobileNetV3
from reproductions.shunt.params.shunt import Shunt
from reproductions.shunt.params.window import Window

CHANNELS = st.integers(1, 320)
ARCHITECTURES = sorted(BOTTLENECKS)
LARGE = {"image_height": 224, "image_width": 224, "classes": 1000}
V2 = architecture.describe(MobileNetV2(family="mobilenetv2", **LARGE))


def norm(channels):
    """The parameters of a batch normalisation."""
    return 4 * channels


def published_parameters(number, c_i, c_o):
    """The number of parameters that the release has for `c_i` and `c_o` channels."""
    depthwise = 9 * 192 + norm(192)
    inner = 192 * 64 + norm(64) + 64 * 192 + norm(192)
    return {
        1: c_i * 192 + norm(192) + 2 * depthwise + inner + 192 * c_o + norm(c_o),
        4: c_i * 128 + norm(128) + 9 * 128 + norm(128) + 128 * c_o + norm(c_o),
        5: c_i * 192 + norm(192) + 3 * depthwise + 2 * inner + 192 * c_o + norm(c_o),
    }[number]


def published_macs(number, c_i, c_o, areas):
    """The multiply-adds for the areas before and after each bottleneck's depthwise layer."""
    first, *rest = areas
    if number == 4:
        return c_i * 128 * first + (9 * 128 + 128 * c_o) * rest[0]
    total = c_i * 192 * first
    for area in rest[:-1]:
        total += (9 * 192 + 2 * 192 * 64) * area
    return total + (9 * 192 + 192 * c_o) * rest[-1]


@pytest.mark.parametrize("number", ARCHITECTURES)
@given(c_i=CHANNELS, c_o=CHANNELS, halvings=st.integers(0, 3), size=st.integers(1, 6))
def test_counts_are_the_published_ones(number, c_i, c_o, halvings, size):
    """Parameters and multiply-adds are those of the release's formulas."""
    count = BOTTLENECKS[number]
    halvings = min(halvings, count)
    before = size << halvings
    sizes = [before >> min(halved, halvings) for halved in range(count + 1)]
    site = Site((before, before, c_i), (size, size, c_o))

    shunt = describe_shunt(site, Shunt(architecture=number))
    assert shunt.parameters == published_parameters(number, c_i, c_o)
    assert shunt.macs == published_macs(number, c_i, c_o, [one**2 for one in sizes])
    assert shunt.output == site.output


@given(height=st.integers(1, 40), width=st.integers(1, 40), number=st.sampled_from(ARCHITECTURES))
def test_a_map_of_any_size_is_halved_rounding_up(height, width, number):
    """A stride halves odd and even sizes alike, with zeros of its own or without."""
    after = (-(-height // 2), -(-width // 2), 8)
    site = Site((height, width, 8), after)
    if site.strided != 1:
        return

    assert describe_shunt(site, Shunt(architecture=number)).output == after


def test_strides_come_first():
    """The first depthwise layers take the strides, and architecture 1 alone pads for them."""
    site = Site((32, 32, 16), (8, 8, 64))
    padded = {}
    for number in (1, 5):
        layers = [use.layer for use in describe_shunt(site, Shunt(architecture=number)).uses]
        depthwise = [layer for layer in layers if isinstance(layer, Depthwise)]
        padded[number] = sum(isinstance(layer, ZeroPad) for layer in layers)
        assert [layer.stride for layer in depthwise] == [2, 2, 1][: len(depthwise)]

    assert padded == {1: 2, 5: 0}


@pytest.mark.parametrize(("number", "dilations"), [(1, [2, 4]), (4, [4]), (5, [2, 2, 4])])
def test_dilations_are_those_of_the_window(number, dilations):
    """The last depthwise layer has the window's last dilation, those before it the first."""
    site = Site((8, 8, 32), (8, 8, 32), (2, 4))

    found = bottlenecks(site, Shunt(architecture=number))
    assert [one.dilation for one in found] == dilations


def test_a_strided_layer_has_no_dilation():
    """A dilation goes to layers without a stride alone."""
    found = bottlenecks(Site((8, 8, 32), (4, 4, 32), (2, 4)), Shunt(architecture=1))

    assert [(one.stride, one.dilation) for one in found] == [(2, 1), (1, 4)]


@pytest.mark.parametrize(("number", "halvings"), [(4, 2), (1, 3), (5, 4)])
def test_more_strides_than_layers_are_refused(number, halvings):
    """A window that halves the map more often than the architecture can is refused."""
    site = Site((64, 64, 8), (64 >> halvings, 64 >> halvings, 8))

    with pytest.raises(HarnessError, match=f"halves the map {halvings} times") as caught:
        describe_shunt(site, Shunt(architecture=number))
    assert ("choose architecture 1 or 5" in caught.value.remedy) == (number == 4)


@pytest.mark.parametrize("output", [(16, 16, 8), (5, 8, 8), (6, 4, 8)])
def test_sizes_that_no_stride_gives_are_refused(output):
    """A window that ends at another size than a shunt's is refused."""
    with pytest.raises(HarnessError, match=r"enlarges|turns 8x8x8 into"):
        describe_shunt(Site((8, 8, 8), output), Shunt())


@pytest.mark.parametrize(
    ("channels", "widths"),
    [(64, (192, 64)), (32, (96, 32)), (24, (72, 24)), (11, (32, 8)), (1, (8, 8))],
)
def test_a_width_that_follows_the_window(channels, widths):
    """At 64 channels it is the published width; else it scales, in multiples of 8."""
    site = Site((4, 4, channels), (4, 4, 40))
    shunt = describe_shunt(site, Shunt(width="window"))

    convolutions = [use.layer for use in shunt.uses if isinstance(use.layer, Conv)]
    assert [layer.outputs for layer in convolutions] == [*widths, widths[0], 40]


@pytest.mark.parametrize(
    ("settings", "size", "reduction"), [(LARGE, 14, 25.8), ({"change_stride_layers": 2}, 8, 28.8)]
)
def test_the_published_location_of_mobilenetv2(settings, size, reduction):
    """Blocks 7 to 12 with architecture 1 save 25.8 % at 224 pixels, and 28.8 % at 32."""
    network = architecture.describe(MobileNetV2(family="mobilenetv2", **settings))
    site = site_of(network, Window.parse("7-12"))
    replaced = sum(block.macs for block in network.blocks[7:13])
    shunt = describe_shunt(site, Shunt())

    assert site == Site((size, size, 64), (size, size, 96))
    assert round(100 * (replaced - shunt.macs) / network.macs, 1) == reduction


def test_the_headline_of_the_segmentation_network():
    """Blocks 5 to 10, architecture 1: 28.34 % fewer multiply-adds at 1025x2049 (Haas 2021)."""
    network = architecture.describe(DeepLabV3(family="deeplabv3"))
    window = Window.parse("5-10")
    replaced = sum(block.macs for block in network.blocks[5:11])
    shunt = describe_shunt(site_of(network, window), Shunt())

    assert round(100 * (replaced - shunt.macs) / network.macs, 2) == 28.34


def test_dilations_of_a_smaller_output_stride():
    """DeepLab at output stride 8 gives its dilations to the shunt."""
    network = architecture.describe(DeepLabV3(family="deeplabv3", output_stride=8))
    inside = [block.dilation for block in network.blocks[5:11]]

    assert site_of(network, Window.parse("5-10")).dilations == (inside[0], inside[-1])
    assert inside[-1] == 4


def test_blocks_that_are_not_there_are_refused():
    """A window past the last block is refused."""
    with pytest.raises(HarnessError, match="no block 17"):
        site_of(V2, Window.parse("15-17"))


@pytest.mark.parametrize("text", ["2", "0-2", "1-5"])
def test_a_window_over_a_map_that_the_head_reads_is_refused(text):
    """DeepLab's head reads block 2 inside, so no window can hold that block."""
    network = architecture.describe(DeepLabV3(family="deeplabv3"))

    with pytest.raises(HarnessError, match="holds block 2"):
        site_of(network, Window.parse(text))


def test_a_shunt_that_costs_more_is_refused():
    """The published pair 37,54 is blocks 4 and 5, which cost less than architecture 1."""
    window = Window.parse("4-5")
    replaced = sum(block.macs for block in V2.blocks[4:6])
    shunt = describe_shunt(site_of(V2, window), Shunt())

    assert shunt.macs > replaced
    with pytest.raises(HarnessError, match="what it replaces"):
        check_cheaper(window, replaced, shunt.macs)
    check_cheaper(window, replaced, replaced)


def test_a_window_without_a_residual_block_has_a_place():
    """A window may be one strided block; the shunt takes its stride."""
    network = architecture.describe(MobileNetV3(family="mobilenetv3", size="large"))
    strided = next(block for block in network.blocks if block.stride > 1 and not block.residual)

    site = site_of(network, Window(first=strided.ordinal, last=strided.ordinal))
    assert site.strided == 1
