"""The networks, against their descriptions."""

import numpy as np
import pytest
import torch
from nonn_stage import SMALL

from harness.errors import HarnessError
from reproductions.nonn import architecture
from reproductions.nonn.label import label
from reproductions.nonn.networks import Classifier, assemble, initialise, parameters
from reproductions.nonn.params.network import MobileNetV2, Vgg, WideResNet
from reproductions.nonn.weights import restore, snapshot, tensors

NETWORKS = [
    WideResNet(family="wrn", depth=16, width=1),
    WideResNet(family="wrn", depth=40, width=4),
    Vgg(family="vgg", depth=11),
    MobileNetV2(family="mobilenetv2", multiplier=0.25),
    WideResNet(family="wrn", depth=10, width=2, **SMALL),
    Vgg(family="vgg", depth=13, multiplier=0.125, **SMALL),
    MobileNetV2(family="mobilenetv2", multiplier=0.25, **SMALL),
]


@pytest.mark.parametrize("network", NETWORKS, ids=label)
def test_modules_have_what_the_description_counts(network):
    """A module has the parameters and the shapes that its description states."""
    model = Classifier(network).eval()
    size, channels = network.image_size, network.image_channels

    logits, features = model(torch.zeros(2, channels, size, size))
    mapped = model.backbone(torch.zeros(1, channels, size, size))
    assert parameters(model) == architecture.classifier(network).parameters
    assert tuple(mapped.shape[1:]) == architecture.backbone(network).output
    assert logits.shape == (2, network.classes)
    assert features.shape == (2, architecture.filters(network))


def test_features_are_the_pooled_activity():
    """The features are the mean over pixels of a map that went through ReLU."""
    model = Classifier(NETWORKS[4])
    initialise(model, 1)

    x = torch.rand((3, 1, 8, 8), generator=torch.Generator().manual_seed(2))
    model.eval()
    mapped = model.backbone(x)
    assert mapped.min() == 0
    assert torch.allclose(model(x)[1], mapped.mean(dim=(2, 3)))


def test_students_have_the_published_sizes():
    """WRN16-1 with 49 and 48 filters has 178,210 and 178,144 parameters."""
    counts = [parameters(assemble(architecture.student(NETWORKS[0], size))) for size in (49, 48)]

    assert counts == [178_210, 178_144]


def test_initial_weights_depend_on_the_seed_alone():
    """One seed gives the same weights whatever was drawn before, another seed gives others."""
    network = NETWORKS[4]
    drawn = []
    for seed in (7, 7, 8):
        torch.rand(3)
        model = Classifier(network)
        initialise(model, seed)
        drawn.append(snapshot(model))

    same, other = ([np.array_equal(drawn[0][k], part[k]) for k in drawn[0]] for part in drawn[1:])
    assert all(same)
    assert not all(other)


def test_initial_scale():
    """The weights of a convolution have He's variance, two by the inputs."""
    model = Classifier(NETWORKS[1])
    initialise(model, 3)

    weight = model.backbone.group3_block1.body[2].weight
    assert weight.var().item() == pytest.approx(2 / weight[0].numel(), rel=0.02)


def test_weights_of_another_network_are_refused():
    """Weights that do not fit the network are named with where they come from."""
    small, wide = (Classifier(WideResNet(family="wrn", depth=10, width=w, **SMALL)) for w in (1, 2))

    with pytest.raises(HarnessError, match=r"teacher\.safetensors are not of this network"):
        restore(small, snapshot(wide), "teacher.safetensors")


def test_weights_come_back():
    """A restored module has every tensor of the one that the weights were taken from."""
    first, second = Classifier(NETWORKS[6]), Classifier(NETWORKS[6])
    initialise(first, 1)
    restore(second, snapshot(first), "here")

    assert all(torch.equal(tensors(first)[name], value) for name, value in tensors(second).items())
