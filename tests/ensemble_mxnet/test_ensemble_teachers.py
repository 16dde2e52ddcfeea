"""Networks that teach, on MXNet."""

import numpy as np
import pytest
from ensemble_gluon_samples import images

from harness.errors import HarnessError
from reproductions.ensemble_kd.gluon.parameters import load, values
from reproductions.ensemble_kd.gluon.teachers import build_teacher

STATISTICS = ("mean", "variance", "running_mean", "running_var")


def teacher(name="resnet18_v1", width=0.125, seed=0, size=8, channels=1, classes=10):
    """Return a small teacher."""
    return build_teacher(name, classes, size, channels, width, np.random.default_rng(seed))


def count(network):
    """Count the parameters of `network` without running statistics."""
    return sum(
        value.size
        for name, value in values(network).items()
        if name.rpartition(".")[2] not in STATISTICS
    )


@pytest.mark.parametrize(
    ("name", "size", "classes", "parameters"),
    [
        ("resnet18_v1", 64, 1000, 11_689_512),
        ("cifar_resnet20_v2", 32, 10, 272_288),
        ("cifar_resnet110_v2", 32, 100, 1_736_378),
    ],
)
def test_a_teacher_has_the_size_of_the_published_network(name, size, classes, parameters):
    """At width 1 its parameters are those of the model zoo's network."""
    assert count(teacher(name, 1, size=size, channels=3, classes=classes)) == parameters


@pytest.mark.parametrize("name", ["resnet18_v1", "cifar_resnet20_v2", "resnet_e1"])
def test_a_teacher_is_its_seed(name):
    """Equal seeds give equal values, others others; it answers one row for each image."""
    width = 0.5 if name.startswith("cifar") else 0.125
    one, same, other = (values(teacher(name, width, seed)) for seed in (0, 0, 1))

    assert teacher(name, width)(images()).shape == (4, 10)
    assert all(np.array_equal(one[key], same[key]) for key in one)
    assert not np.array_equal(one["output.weight"], other["output.weight"])


def test_a_teacher_takes_its_values_back():
    """With the values of another teacher it answers as that one does."""
    one, other = teacher(seed=0), teacher(seed=1)
    load(other, values(one), "a copy")

    np.testing.assert_array_equal(one(images()).asnumpy(), other(images()).asnumpy())


def test_resnet_e1_cuts_activations():
    """It is a member of 32 bits of the ensemble's network, with activations of -1 to 1."""
    network = teacher("resnet_e1")

    assert "bits32.stage1.block1.bn.gamma" in values(network)
    assert network._members[0].activations == "clip"


def test_a_width_without_shortcuts_is_refused():
    """Stages of equally many channels have no shortcut that could halve the map."""
    with pytest.raises(HarnessError, match="would have stages of"):
        teacher("cifar_resnet20_v2", 0.125)
