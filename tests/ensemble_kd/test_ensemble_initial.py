"""The first values of an ensemble: their names, their distributions, and what they depend on."""

import numpy as np
import pytest

from reproductions.ensemble_kd.architecture.description import describe
from reproductions.ensemble_kd.architecture.shapes import ensemble_shapes
from reproductions.ensemble_kd.initial import draw_weight, initial_values
from reproductions.ensemble_kd.params.network import Network
from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.quantisation.member import resolve_all

DESCRIPTION = describe(
    Network(width=0.125, image_size=8, image_channels=1, add_activation="prelu"),
    rebuilt_input=True,
)


def generator(seed=1):
    """Return a generator of numbers."""
    return np.random.Generator(np.random.PCG64(seed))


def drawn(widths, seed=1, **asked):
    """Return the first values of an ensemble with members of `widths`."""
    members = resolve_all(widths, Quantisation(**asked))
    return initial_values(DESCRIPTION, widths, members, generator(seed))


def test_every_value_is_there():
    """The values have the names and shapes of the ensemble, and are float32."""
    values = drawn((8, 32), activations="pact")
    members = resolve_all((8, 32), Quantisation(activations="pact"))

    assert {name: value.shape for name, value in values.items()} == ensemble_shapes(
        DESCRIPTION, members
    )
    assert {value.dtype for value in values.values()} == {np.dtype(np.float32)}


def test_what_is_not_drawn_is_constant():
    """Normalisation starts as the identity, biases at 0, slopes at 0.25, clip levels at 8.

    At one bit they start at 2, since from 8 on no activation would reach the one level above 0.
    """
    values = drawn((8, 32), activations="pact")
    starts = {
        name.rpartition(".")[2]: set(value.ravel().tolist())
        for name, value in values.items()
        if not name.endswith(".weight")
    }

    one_bit = drawn((8, 1), activations="pact")

    assert one_bit["bits1.stage1.block1.alpha"] == 2.0
    assert one_bit["bits8.stage1.block1.alpha"] == 8.0
    assert starts == {
        "bias": {0.0},
        "gamma": {1.0},
        "beta": {0.0},
        "mean": {0.0},
        "variance": {1.0},
        "alpha": {8.0},
        "slope": {0.25},
    }


def test_shared_weights_do_not_depend_on_the_members():
    """Two ensembles of other widths start from the same shared weights."""
    one, other = drawn((32, 8, 4)), drawn((1,))

    assert all(one[name].tobytes() == other[name].tobytes() for name in DESCRIPTION.shared())


def test_another_seed_draws_other_weights():
    """The weights follow the generator."""
    assert drawn((8,))["output.weight"].tobytes() == drawn((8,))["output.weight"].tobytes()
    assert drawn((8,))["output.weight"].tobytes() != drawn((8,), 2)["output.weight"].tobytes()


@pytest.mark.parametrize(
    ("method", "variance"),
    [
        ("default", 2 / ((16 + 64) * 9 / 2) / 3),
        ("gaussian", 2 / (16 * 9)),
        ("msraprelu_avg", 2 / (1 + 0.25**2) / ((16 + 64) * 9 / 2)),
        ("msraprelu_in", 2 / (1 + 0.25**2) / (16 * 9)),
    ],
)
def test_weights_have_the_variance_of_their_method(method, variance):
    """Each method draws with its variance, of 64 outputs and 16 inputs of 3x3."""
    weight = draw_weight((64, 16, 3, 3), generator(), method)

    assert np.var(weight) == pytest.approx(variance, rel=0.05)
    assert np.mean(weight) == pytest.approx(0, abs=3 * (variance / weight.size) ** 0.5)


def test_xavier_is_bounded():
    """`default` draws uniformly between the two edges."""
    weight = draw_weight((64, 16, 3, 3), generator(), "default")
    edge = (2 / 360) ** 0.5

    assert 0.99 * edge < np.abs(weight).max() <= np.float32(edge)
