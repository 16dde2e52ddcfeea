"""The network as a description: names, shapes, stems, widths, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError
from reproductions.ensemble_kd.architecture.description import describe
from reproductions.ensemble_kd.architecture.shapes import ensemble_shapes
from reproductions.ensemble_kd.params.network import Network
from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.quantisation.member import resolve_all

SMALL = Network(width=0.125, image_size=8, image_channels=1)


def test_the_blocks_are_sixteen_in_four_stages():
    """Only the first of each four blocks narrows the map, from stage 2 on, with a shortcut."""
    blocks = describe(Network()).blocks

    assert [block.name for block in blocks[:2]] == ["stage1.block1", "stage1.block2"]
    assert [block.convolution.out_channels for block in blocks[::4]] == [64, 128, 256, 512]
    assert [block.name for block in blocks if block.shortcut] == [
        "stage2.block1",
        "stage3.block1",
        "stage4.block1",
    ]
    assert [block.convolution.stride for block in blocks] == [*[1] * 4, *[2, 1, 1, 1] * 3]


def test_shared_names_are_canonical():
    """The shared values are the stem, the 3x3 and 1x1 convolutions, and the dense layer."""
    shared = describe(SMALL).shared()

    assert len(shared) == 1 + 16 + 3 + 2
    assert shared["stem.conv1.weight"] == (8, 1, 3, 3)
    assert shared["stage2.block1.conv.weight"] == (16, 8, 3, 3)
    assert shared["stage2.block1.shortcut.weight"] == (16, 8, 1, 1)
    assert shared["output.weight"] == (10, 64)
    assert shared["output.bias"] == (10,)


def test_private_names_carry_the_width():
    """A member has its normalisations for itself, that of the images without a scale."""
    private = describe(SMALL).private(8)

    assert all(name.startswith("bits8.") for name in private)
    assert "bits8.input.bn.gamma" not in private
    assert private["bits8.input.bn.beta"] == (1,)
    assert private["bits8.stem.bn.variance"] == (8,)
    assert private["bits8.stage2.block1.shortcut_bn.mean"] == (16,)
    assert "bits8.stem.bn1.gamma" not in private


def test_running_statistics_can_be_left_out():
    """Without statistics there are neither means nor variances."""
    private = describe(SMALL).private(8, statistics=False)

    assert {name.rpartition(".")[2] for name in private} == {"gamma", "beta"}


def test_a_rebuilt_member_scales_the_images():
    """As published, members other than the widest learn a scale and have Gluon's epsilon."""
    rebuilt = describe(SMALL, rebuilt_input=True)

    assert (rebuilt.input_of(widest=True).scaled, rebuilt.input_of(widest=True).epsilon) == (
        False,
        2e-5,
    )
    assert (rebuilt.input_of(widest=False).scaled, rebuilt.input_of(widest=False).epsilon) == (
        True,
        1e-5,
    )
    assert describe(SMALL).input_of(widest=False).scaled is False


@pytest.mark.parametrize(
    ("size", "stem", "kind"),
    [
        (48, "auto", "thumbnail"),
        (64, "auto", "imagenet"),
        (32, "imagenet", "imagenet"),
        (64, "thumbnail", "thumbnail"),
    ],
)
def test_the_stem_follows_the_images(size, stem, kind):
    """Images of less than 50 pixels get the thumbnail stem, unless a stem is asked for."""
    assert describe(Network(image_size=size, stem=stem)).stem.kind == kind


def test_the_grouped_stem_has_three_convolutions():
    """The grouped stem has 32, 32 and 64 channels in 1, 4 and 8 groups, and is pooled."""
    stem = describe(Network(image_size=224, stem="grouped_stem")).stem

    assert [layer.shape for layer, _ in stem.layers] == [
        (32, 3, 3, 3),
        (32, 8, 3, 3),
        (64, 4, 3, 3),
    ]
    assert [normalisation.name for _, normalisation in stem.layers] == [
        "stem.bn1",
        "stem.bn2",
        "stem.bn3",
    ]
    assert stem.pooled


@given(
    width=st.floats(0.01, 4),
    stem=st.sampled_from(["thumbnail", "imagenet", "grouped_stem"]),
)
def test_groups_divide_at_every_width(width, stem):
    """Channels are multiples of eight and of the groups, and follow from block to block."""
    description = describe(Network(width=width, image_size=32, stem=stem))

    for one in description.convolutions:
        assert one.out_channels % 8 == 0
        assert one.in_channels % one.groups == one.out_channels % one.groups == 0
    for before, block in zip(description.blocks, description.blocks[1:], strict=False):
        assert block.convolution.in_channels == before.convolution.out_channels


def test_maps_shrink_as_in_the_publication():
    """Images of 224 pixels leave maps of 112, 56, 28, 14 and 7 pixels."""
    sizes = describe(Network(image_size=224)).sizes

    assert sizes["stem.conv1"] == 112
    assert [sizes[f"stage{stage}.block1.conv"] for stage in (1, 2, 3, 4)] == [56, 28, 14, 7]
    assert sizes["stage4.block1.shortcut"] == 7


@given(size=st.integers(4, 300), pool=st.booleans())
def test_both_ways_around_a_block_leave_equal_maps(size, pool):
    """A description is refused, or every shortcut's map is as large as its convolution's."""
    network = Network(width=0.125, image_size=size, stem="thumbnail", shortcut_pool=pool)
    if pool and size % 8:
        with pytest.raises(HarnessError, match="pools 2x2"):
            describe(network)
        return
    description = describe(network)

    for block in description.blocks:
        if block.shortcut:
            assert (
                description.sizes[block.convolution.name]
                == description.sizes[block.shortcut.convolution.name]
            )


def test_a_map_that_cannot_be_pooled_is_refused():
    """An odd map before a shortcut that pools is an error that names the place and the remedy."""
    with pytest.raises(HarnessError, match=r"stage3\.block1") as caught:
        describe(Network(image_size=30))

    assert "shortcut_pool: false" in caught.value.remedy


def test_groups_that_do_not_divide_are_refused():
    """Groups of the shortcuts that do not divide their channels are an error."""
    with pytest.raises(HarnessError, match="no 24 groups"):
        describe(Network(shortcut_groups=24))


def test_shortcuts_can_be_quantised():
    """Without full precision the 1x1 convolutions are quantised too, with names of their own."""
    quantised = describe(Network(shortcut_full_precision=False)).quantised

    assert len(quantised) == 19
    assert quantised[5].alpha == "stage2.block1.shortcut_alpha"


def test_a_shortcut_stands_where_only_the_stride_narrows():
    """At a tiny width two stages have equal channels, and the map is narrowed all the same."""
    blocks = describe(Network(width=0.0625)).blocks

    assert blocks[4].convolution.in_channels == blocks[4].convolution.out_channels
    assert blocks[4].shortcut is not None


def test_learned_levels_and_slopes_are_private():
    """PACT gives each member a level a block, and PReLU a slope a block."""
    description = describe(Network(width=0.125, image_size=8, add_activation="prelu"))
    members = resolve_all((32, 4), Quantisation(activations="pact"))

    shapes = ensemble_shapes(description, members)

    assert shapes["bits4.stage1.block1.alpha"] == shapes["bits32.stage4.block4.slope"] == (1,)
    assert "bits32.stage1.block1.alpha" not in shapes


def test_only_members_beside_the_widest_are_rebuilt():
    """In a whole ensemble the widest member is the base, in whichever order they stand."""
    members = resolve_all((4, 32, 1), Quantisation())

    shapes = ensemble_shapes(describe(SMALL, rebuilt_input=True), members)

    assert [bits for bits in (4, 32, 1) if f"bits{bits}.input.bn.gamma" in shapes] == [4, 1]
