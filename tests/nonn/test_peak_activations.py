"""The most activation values held at once, counted by hand."""

import pytest

from reproductions.nonn import architecture
from reproductions.nonn.architecture.block import Architecture, Block
from reproductions.nonn.architecture.layer import BatchNorm, Conv, Linear, MaxPool, Relu
from reproductions.nonn.architecture.memory import peak_activations
from reproductions.nonn.params.network import Vgg, WideResNet

IMAGE = (2, 4, 4)  # 32 values


def peak(*blocks):
    """Count a network of `blocks` on a small image."""
    return peak_activations(Architecture(IMAGE, blocks))


def test_layer_holds_input_and_output():
    """A convolution from 2 to 5 channels holds 32 + 80 values, a pool after it 80 + 20."""
    assert peak(Block("a", (Conv(2, 5, 3),))) == 112
    assert peak(Block("a", (Conv(2, 5, 3), MaxPool(2), Linear(20, 3)))) == 112
    assert peak(Block("a", (MaxPool(2),))) == 40


def test_normalisation_and_relu_write_over_their_input():
    """They hold one map, and after a convolution nothing more than it held."""
    assert peak(Block("a", (BatchNorm(2), Relu()))) == 32
    assert peak(Block("a", (Conv(2, 2, 3), BatchNorm(2), Relu()))) == 64


def test_way_around_keeps_the_input():
    """The input of a block with a way around stays to the end, and no first layer overwrites it."""
    body = (BatchNorm(2), Relu(), Conv(2, 2, 3))

    assert peak(Block("a", body)) == 64
    assert peak(Block("a", body, ())) == 96
    assert peak(Block("a", (Relu(),), ())) == 64


def test_convolution_around_holds_the_body_too():
    """While a convolution goes around, its input, its output and the body's output are there."""
    wide = Block("a", (Conv(2, 5, 3),), (Conv(2, 5, 1),))

    assert peak(wide) == 80 + 32 + 80


@pytest.mark.parametrize(
    ("network", "values"),
    [
        # The first block of the second group: its input twice, and 32 channels at full size.
        (WideResNet(family="wrn", depth=16, width=1), (16 + 16 + 32) * 1024),
        # The first pool: 64 channels at full size and a quarter of them.
        (Vgg(family="vgg", depth=11), 64 * 1024 + 64 * 256),
    ],
)
def test_published_networks_have_their_peak_where_maps_are_large(network, values):
    """The peak of the published networks is that of one place, and more filters do not raise it."""
    assert peak_activations(architecture.backbone(network)) == values
    assert peak_activations(architecture.student(network, 49)) == values
