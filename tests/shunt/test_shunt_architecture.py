"""The descriptions of the networks against the counts of the release."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from reproductions.shunt.architecture import describe
from reproductions.shunt.architecture.channels import rounded
from reproductions.shunt.architecture.layer import (
    Add,
    AveragePool,
    BatchNorm,
    Conv,
    Dense,
    Depthwise,
    Multiply,
    Resize,
    ZeroPad,
    strided,
)
from reproductions.shunt.params.network import DeepLabV3, Network

NETWORK = TypeAdapter(Network)
PUBLISHED = yaml.safe_load(Path(__file__).with_name("published_networks.yaml").read_text())


def network(family, **numbers):
    """Validate a network as a spec would."""
    return NETWORK.validate_python({"family": family, **numbers})


def counted(described):
    """Return every kind of count that a published entry may have."""
    released = described.released_count
    return {
        "parameters": described.parameters,
        "trainable": described.trainable,
        "macs": described.macs,
        "released_macs": described.released_macs,
        "released_conv2d": released["conv2d"],
        "released_depthwise": released["depthwise_conv2d"],
        "layers": len(described.uses) + 1,
    }


def entry_name(entry):
    """Name an entry of the table by its network."""
    return " ".join(f"{key}={value}" for key, value in entry["network"].items())


@pytest.mark.parametrize("entry", PUBLISHED, ids=entry_name)
def test_published_counts(entry):
    """Each published count of a network comes out to the last digit."""
    found = counted(describe(network(**entry["network"])))

    assert {key: found[key] for key in entry["counts"]} == entry["counts"]


@pytest.mark.parametrize(
    ("family", "millions"),
    [
        ({"family": "mobilenetv2", "width": 1.4}, 582),
        ({"family": "mobilenetv2", "width": 1.3}, 509),
        ({"family": "mobilenetv2", "width": 1.0}, 300),
        ({"family": "mobilenetv2", "width": 0.75}, 209),
        ({"family": "mobilenetv2", "width": 0.5}, 97),
        ({"family": "mobilenetv2", "width": 0.35}, 59),
        ({"family": "mobilenetv3", "size": "large"}, 217),
    ],
)
def test_millions_that_the_release_quotes(family, millions):
    """The multiply-adds that the release quotes at 224x224 are met to the million."""
    described = describe(network(**family, image_height=224, image_width=224, classes=1000))

    assert abs(described.macs / 1e6 - millions) < 1


def test_small_network_is_cheaper_than_the_release_says():
    """MobileNetV3 small has 56.5 million multiply-adds, and not the 66 that the release quotes."""
    small = network("mobilenetv3", size="small", image_height=224, image_width=224, classes=1000)

    assert f"{describe(small).macs / 1e6:.1f}" == "56.5"


@pytest.mark.parametrize(
    ("described", "count", "residual"),
    [
        (network("mobilenetv2"), 17, [2, 4, 5, 7, 8, 9, 11, 12, 14, 15]),
        (network("mobilenetv3", size="small"), 11, [2, 4, 5, 7, 9, 10]),
        (network("mobilenetv3", size="small", width=0.5), 11, [2, 4, 5, 6, 7, 9, 10]),
        (network("mobilenetv3", size="large"), 15, [0, 2, 4, 5, 7, 8, 9, 11, 13, 14]),
        (network("deeplabv3"), 11, [2, 4, 5, 7, 9, 10]),
    ],
)
def test_blocks_that_can_be_taken_out(described, count, residual):
    """The blocks are counted from 0, and those of the release are residual."""
    blocks = describe(described).blocks

    assert [block.ordinal for block in blocks] == list(range(count))
    assert [block.name for block in blocks] == [f"expanded_conv_{n}" for n in range(count)]
    assert [block.ordinal for block in blocks if block.residual] == residual


@pytest.mark.parametrize(
    ("output_stride", "strides", "dilations"),
    [
        (32, [2, 2, 1, 2, 1, 1, 1, 1, 2, 1, 1], [1] * 11),
        (16, [2, 2, 1, 2, 1, 1, 1, 1, 1, 1, 1], [1] * 9 + [2, 2]),
        (8, [2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1], [1] * 4 + [2] * 5 + [4, 4]),
    ],
)
def test_output_stride_trades_strides_for_dilations(output_stride, strides, dilations):
    """With the output stride 16 the last stage is dilated by 2; with 8 the last two, by 2 and 4."""
    blocks = describe(network("deeplabv3", output_stride=output_stride)).blocks

    assert [block.stride for block in blocks] == strides
    assert [block.dilation for block in blocks] == dilations


@pytest.mark.parametrize("output_stride", [32, 16, 8])
def test_backbone_has_the_output_stride(output_stride):
    """The backbone's last map has a pixel for every so many of the image."""
    described = describe(network("deeplabv3", output_stride=output_stride))

    expected = tuple(-(-size // output_stride) for size in (1025, 2049))
    assert described.blocks[-1].output[:2] == expected


def test_head_reads_the_midst_of_block_2():
    """Only DeepLab's block 2 has an inner map that another part reads."""
    tapped = [
        describe(network(**entry)).tapped
        for entry in (
            {"family": "deeplabv3"},
            {"family": "mobilenetv2"},
            {"family": "mobilenetv3", "size": "large"},
        )
    ]

    assert tapped == [{2}, set(), set()]


def test_released_segmentation_sizes():
    """The head votes at one more than an eighth of the image, as the release computes it."""
    for height, width in ((1025, 2049), (513, 1025), (385, 385)):
        described = describe(network("deeplabv3", image_height=height, image_width=width))
        sizes = [use.output[:2] for use in described.uses if isinstance(use.layer, Resize)]
        assert sizes[1:] == [(height // 8 + 1, width // 8 + 1), (height, width)]


def test_first_strided_layers_lose_their_stride():
    """`change_stride_layers` takes the stem first, then the blocks, and pads them evenly."""
    described = describe(network("mobilenetv2", change_stride_layers=2))
    pads = [use for use in described.uses if isinstance(use.layer, ZeroPad)]

    assert described.parts[0].output == (32, 32, 32)
    assert [block.stride for block in described.blocks[:7]] == [1, 1, 1, 2, 1, 1, 2]
    assert [use.output[0] for use in pads] == [34, 34, 33, 17, 9]
    assert pads[0].layer == ZeroPad(1, 1, 1, 1)
    assert pads[2].layer == ZeroPad(0, 1, 0, 1)


@pytest.mark.parametrize(
    "family",
    [
        {"family": "mobilenetv2"},
        {"family": "mobilenetv3", "size": "small"},
        {"family": "mobilenetv3", "size": "large"},
    ],
)
def test_strides_cost_no_parameters(family):
    """Each layer that loses its stride doubles the map's sides, and adds no parameter."""
    described = [describe(network(**family, change_stride_layers=n)) for n in range(6)]

    assert len({one.parameters for one in described}) == 1
    assert [one.blocks[-1].output[0] for one in described] == [1, 2, 4, 8, 16, 32]
    macs = [one.macs for one in described]
    assert macs == sorted(macs)


@given(
    size=st.integers(1, 40),
    kernel=st.sampled_from([1, 3, 5, 13]),
    stride=st.integers(1, 5),
    dilation=st.integers(1, 4),
)
def test_positions_of_a_kernel(size, kernel, stride, dilation):
    """Without padding a kernel takes the positions where it lies wholly on the map."""
    reach = (kernel - 1) * dilation
    expected = len([at for at in range(0, size, stride) if at + reach < size])

    assert max(0, strided(size, kernel, stride, dilation, "valid")) == expected


@given(size=st.integers(1, 99), stride=st.integers(1, 5), kernel=st.sampled_from([1, 3, 5]))
def test_same_padding_starts_every_stride(size, stride, kernel):
    """With padding a kernel stands at every stride of the map."""
    assert strided(size, kernel, stride, 1, "same") == len(range(0, size, stride))


def test_counts_of_single_layers():
    """Each layer states parameters, multiply-adds, and those of the released tool."""
    shape = (9, 7, 4)
    layers = [
        Conv(4, 8, 3, 2),
        Conv(4, 8, bias=True),
        Depthwise(4, 3, 2, padding="valid"),
        Depthwise(4, 5, dilation=2),
        BatchNorm(4),
        Dense(4, 10),
        AveragePool((2, 3), (4, 1)),
    ]
    counts = [
        (one.parameters, one.trainable, one.macs(shape), one.released_macs(shape)) for one in layers
    ]

    assert counts == [
        (288, 288, 288 * 20, 288 * 63 // 4),
        (40, 40, 32 * 63, 32 * 63),
        (36, 36, 36 * 12, 36 * 63 // 4),
        (100, 100, 100 * 63, 100 * 63),
        (16, 8, 0, 0),
        (50, 50, 40, 0),
        (0, 0, 0, 0),
    ]
    outputs = [one.output(shape) for one in layers]
    assert outputs == [
        (5, 4, 8), (9, 7, 8), (4, 3, 4), (9, 7, 4), (9, 7, 4), (1, 1, 10), (2, 5, 4),
    ]  # fmt: skip


@given(st.floats(0.1, 2000))
def test_channels_are_rounded_to_eight(channels):
    """Channels become a multiple of 8 that is not below nine tenths of what was wanted."""
    found = rounded(channels)

    assert found % 8 == 0
    assert found >= max(8, 0.9 * channels)
    assert found <= max(8, channels + 8)


sizes = st.integers(1, 70)
widths = st.sampled_from([0.1, 0.35, 0.5, 0.75, 1.0, 1.3])
classifier = {
    "width": widths,
    "image_height": sizes,
    "image_width": sizes,
    "image_channels": st.sampled_from([1, 3]),
    "change_stride_layers": st.integers(0, 5),
    "top": st.booleans(),
}
networks = st.one_of(
    st.builds(lambda **rest: network("mobilenetv2", **rest), **classifier),
    st.builds(
        lambda **rest: network("mobilenetv3", **rest),
        size=st.sampled_from(["small", "large"]),
        minimalistic=st.booleans(),
        **classifier,
    ),
    st.builds(
        lambda rows, columns, **rest: network(
            "deeplabv3", pool={"size": (rows, columns), "strides": (1, 2)}, **rest
        ),
        rows=st.integers(1, 2),
        columns=st.integers(1, 2),
        width=widths,
        image_height=st.integers(33, 90),
        image_width=st.integers(33, 90),
        output_stride=st.sampled_from([8, 16, 32]),
    ),
)


@settings(max_examples=60)
@given(networks)
def test_every_layer_fits_the_one_before(described):
    """At any size no map vanishes, channels match, and what is added has one shape."""
    whole = describe(described)
    shapes = {"image": whole.image}
    for use in whole.uses:
        assert use.input == shapes[use.sources[0]]
        assert min(use.output) >= 1
        if isinstance(use.layer, Conv | Dense):
            assert use.layer.inputs == use.input[2]
        if isinstance(use.layer, Depthwise):
            assert use.layer.channels == use.input[2]
        if isinstance(use.layer, Add):
            assert len({shapes[source] for source in use.sources}) == 1
        if isinstance(use.layer, Multiply):
            assert shapes[use.sources[1]] in {use.output, (1, 1, use.output[2])}
        assert use.name not in shapes
        assert "/" not in use.name
        shapes[use.name] = use.output


@settings(max_examples=30)
@given(networks)
def test_blocks_add_up_to_the_network(described):
    """What the parts state sums to the network; a residual block keeps the shape of its input."""
    whole = describe(described)
    for count in ("parameters", "trainable", "macs", "released_macs"):
        assert sum(getattr(part, count) for part in whole.parts) == getattr(whole, count)
    for before, after in zip(whole.parts, whole.parts[1:], strict=False):
        assert before.output == after.input
    for block in whole.blocks:
        assert not block.residual or block.input == block.output


def pool_positions(output_stride, pool, size):
    """Count the positions of the head's pool along images of `size`, unchecked."""
    unchecked = DeepLabV3.model_construct(
        family="deeplabv3", image_height=size, image_width=size, output_stride=output_stride,
        pool=DeepLabV3.model_fields["pool"].default.model_copy(update={"size": (pool, pool)}),
    )  # fmt: skip
    (use,) = (one for one in describe(unchecked).uses if isinstance(one.layer, AveragePool))
    return use.output[0]


@settings(max_examples=20)
@given(output_stride=st.sampled_from([8, 16, 32]), pool=st.integers(2, 16))
def test_smallest_image_of_the_segmentation_head(output_stride, pool):
    """The smallest size that is accepted is the smallest at which the pool finds a place."""
    least = output_stride * (pool - 1) + 1

    assert pool_positions(output_stride, pool, least) >= 1
    assert pool_positions(output_stride, pool, least - 1) < 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"image_height": 257}, "image_height is 257, and the smallest that works is 385"),
        ({"image_width": 384}, "image_width is 384, and the smallest that works is 385"),
        ({"image_height": 96, "output_stride": 8}, "image_height is 96, .* works is 97"),
        ({"pool": {"size": (33, 65)}, "image_width": 2048}, "image_width is 2048, .* is 2049"),
        ({"change_stride_layers": 2}, "change_stride_layers"),
        ({"output_stride": 4}, "output_stride"),
        ({"classes": 256}, "classes"),
    ],
)
def test_segmentation_networks_that_do_not_exist_are_refused(wrong, said):
    """Images that are too small are refused with the field and the smallest size that works."""
    with pytest.raises(ValidationError, match=said):
        network("deeplabv3", **wrong)


def test_smallest_segmentation_image_of_the_release():
    """Images of 385 pixels work with the published pool, in both directions."""
    described = describe(network("deeplabv3", image_height=385, image_width=385))

    assert described.output == (385, 385, 19)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"family": "mobilenetv1"}, "'mobilenetv2', 'mobilenetv3', 'deeplabv3'"),
        ({"family": "mobilenetv2", "width": 0}, "width"),
        ({"family": "mobilenetv2", "alpha": 1.0}, "alpha"),
        ({"family": "mobilenetv2", "change_stride_layers": 6}, "change_stride_layers"),
        ({"family": "mobilenetv2", "image_height": 0}, "image_height"),
        ({"family": "mobilenetv3"}, "size"),
        ({"family": "mobilenetv3", "size": "medium"}, "'small' or 'large'"),
        ({"family": "mobilenetv3", "size": "small", "classes": 1}, "classes"),
    ],
)
def test_networks_that_do_not_exist_are_refused(wrong, said):
    """A family, size or key that no network has is refused with what is allowed."""
    with pytest.raises(ValidationError, match=said):
        NETWORK.validate_python(wrong)
