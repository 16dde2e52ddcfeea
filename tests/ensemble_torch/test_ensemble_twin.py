"""Tests of the twin in PyTorch: quantisers and the ensemble."""

import numpy as np
import pytest
import torch
from ensemble_twin_samples import WIDTHS, ensemble_of, images_of, source_of, values_of
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harness.errors import HarnessError
from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.quantisation import codes
from reproductions.ensemble_kd.quantisation.member import resolve
from reproductions.ensemble_kd.twin.ensemble import load, values
from reproductions.ensemble_kd.twin.quantisers import (
    cancel_gradient,
    quantise_activations,
    quantise_weights,
    weight_places,
)
from reproductions.ensemble_kd.twin.rounding import root, round_half_away

FLOATS = st.floats(-3, 3, width=32)


def gradient(function, x):
    """Return the gradient of the sum of `function` at the numbers `x`."""
    tensor = torch.tensor(x, requires_grad=True)
    function(tensor).sum().backward()
    return tensor.grad.tolist()


def test_halves_are_rounded_away_from_zero():
    """The number just below a half goes to 0, a half to 1, and signs are kept."""
    below = float(np.nextafter(np.float32(0.5), np.float32(0)))

    found = round_half_away(torch.tensor([0.5, 1.5, 2.5, -0.5, -2.5, below, -below, 254.5]))

    assert found.tolist() == [1, 2, 3, -1, -3, 0, 0, 255]


@given(arrays(np.float32, 20, elements=st.floats(0, 2**30, width=32)))
def test_roots_are_those_of_numpy(x):
    """Square roots are rounded correctly on a CPU, whatever its library does."""
    assert root(torch.from_numpy(x)).numpy().tobytes() == np.sqrt(x).tobytes()


@pytest.mark.parametrize(
    ("bits", "wanted"),
    [
        (2, [0, 1, 2, 2, 2, 3]),
        (4, [2, 5, 8, 8, 12, 15]),
        (8, [26, 83, 128, 143, 198, 255]),
    ],
)
def test_weights_have_the_codes_of_the_formula(bits, wanted):
    """DoReFa gives the codes that follow from the formula by hand."""
    weights = torch.tensor([-0.8, -0.3, 0, 0.1, 0.5, 1.2])
    places = weight_places(weights, detach_maximum=True)

    coded = quantise_weights(weights, places, resolve(bits, Quantisation()))

    assert ((coded.codes + coded.levels) / 2).tolist() == wanted


@given(arrays(np.float32, (3, 4), elements=FLOATS), st.integers(1, 8))
def test_weights_have_the_codes_of_the_reference(weights, bits):
    """Every width has the codes of the NumPy reference."""
    tensor = torch.from_numpy(weights)
    places = weight_places(tensor, detach_maximum=False)

    coded = quantise_weights(tensor, places, resolve(bits, Quantisation()))

    wanted = codes.weight_levels(codes.weight_codes(weights, bits), bits)
    np.testing.assert_array_equal(coded.codes.numpy(), wanted)


@given(arrays(np.float32, 30, elements=FLOATS), st.integers(1, 8))
def test_activations_have_the_codes_of_the_reference(x, bits):
    """Rounded activations have the codes of the NumPy reference at every width."""
    coded = quantise_activations(torch.from_numpy(x), "round", bits)

    np.testing.assert_array_equal(coded.codes.numpy(), codes.activation_codes(x, bits))


def test_the_largest_weight_passes_its_gradient_as_published():
    """Only where the maximum is not detached does the largest weight lose what others gain."""
    weights = [-0.8, -0.3, 0.0, 0.1, 0.5, 1.2]
    member = resolve(2, Quantisation())

    def quantised(tensor, *, detach):
        return quantise_weights(tensor, weight_places(tensor, detach_maximum=detach), member).values

    detached = gradient(lambda tensor: quantised(tensor, detach=True), weights)
    published = gradient(lambda tensor: quantised(tensor, detach=False), weights)

    assert detached[:-1] == published[:-1]
    assert detached[-1] != published[-1]


@pytest.mark.parametrize(
    ("method", "x", "wanted"),
    [
        ("round", [-0.2, 0.0, 0.4, 0.5, 1.0, 1.2], [0, 1, 1, 1, 1, 0]),
        ("det_sign", [-2.0, 0.0, 2.0], [1, 1, 1]),
        ("approx_sign", [0.0, 0.6, -0.3, 1.5], [2.0, 0.8, 1.4, 0]),
        ("relu", [-1.0, 1.0], [0, 1]),
        ("clip", [-1.0, 1.0, 1.1], [1, 1, 0]),
        ("leaky_clip", [0.5, 1.1], [1, 0.1]),
    ],
)
def test_activations_have_their_gradients(method, x, wanted):
    """Gradients are those of the released quantisers, ends included."""
    found = gradient(lambda tensor: quantise_activations(tensor, method, 1).values, x)

    assert found == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("threshold", [0.01, 0.1, 0.5, 1.0, 2.0])
def test_gradients_are_cancelled_beyond_the_threshold(threshold):
    """The gradient passes up to the threshold, which is included, and the value always."""
    x = np.float32([0, threshold, -threshold, threshold * 1.01, -3])

    assert gradient(lambda tensor: cancel_gradient(tensor, threshold), x) == [1, 1, 1, 0, 0]


def test_the_state_dict_has_the_canonical_names():
    """Names and values of the state dict are those of the files."""
    source = source_of()
    wanted = values_of(source)
    ensemble = ensemble_of(source, wanted)

    assert ensemble.state_dict().keys() == wanted.keys()
    assert all(values(ensemble)[name].tobytes() == wanted[name].tobytes() for name in wanted)


def test_values_can_be_loaded_and_strange_ones_not():
    """Other values are taken up whole; with one missing nothing changes, and the error names it."""
    source = source_of((32, 1))
    ensemble, other = ensemble_of(source), values_of(source, seed=9)
    before = values(ensemble)
    with pytest.raises(HarnessError, match=r"missing: output.bias"):
        load(ensemble, {k: v for k, v in other.items() if k != "output.bias"}, "a file")
    assert all((values(ensemble)[name] == before[name]).all() for name in before)

    load(ensemble, other, "a file")

    assert all((values(ensemble)[name] == other[name]).all() for name in other)


def test_one_member_answers_as_in_the_ensemble():
    """A member alone gives the bytes that it gives together with the others."""
    source = source_of()
    ensemble = ensemble_of(source).eval()
    images = torch.from_numpy(images_of(source))
    with torch.no_grad():
        together = ensemble(images)

        assert together.shape == (len(WIDTHS), len(images), 10)
        for place, bits in enumerate(WIDTHS):
            assert torch.equal(ensemble.answer(images, bits), together[place])


def test_shared_gradients_are_the_sum_of_the_members():
    """What all losses pull at a shared weight is the sum of what each of them pulls alone."""
    source = source_of((32, 2))
    images = torch.from_numpy(images_of(source, 16))

    def gradients(places):
        ensemble = ensemble_of(source).train()
        ensemble(images)[places].square().sum().backward()
        return {name: one.grad for name, one in ensemble.named_parameters()}

    both, wide, narrow = gradients([0, 1]), gradients([0]), gradients([1])

    for name, found in both.items():
        apart = [wide[name], narrow[name]]
        assert all(one.any() for one in apart) == (not name.startswith("bits"))
        scale = max(one.abs().max() for one in apart)
        assert torch.allclose(found, sum(apart), rtol=0, atol=float(1e-4 * scale))


def test_statistics_follow_the_biased_variance_in_training_alone():
    """Running statistics move by a tenth in training, and in predictions not at all."""
    source = source_of((32,))
    ensemble = ensemble_of(source)
    before, images = values(ensemble), images_of(source, 16)
    ensemble.eval()(torch.from_numpy(images))
    assert all((values(ensemble)[name] == before[name]).all() for name in before)

    ensemble.train()(torch.from_numpy(images))

    name = "bits32.input.bn.variance"
    wanted = 0.9 * before[name] + 0.1 * images.var((0, 2, 3))
    np.testing.assert_allclose(values(ensemble)[name], wanted, rtol=1e-5)


def test_maps_are_those_of_the_quantised_convolutions():
    """Each member gives sixteen maps of its own, in the order of the layers."""
    source = source_of((8, 1))
    _, maps = ensemble_of(source).with_maps(torch.from_numpy(images_of(source)))

    channels = [layer.out_channels for layer in source.description.quantised]
    assert [[one.shape[1] for one in found] for found in maps] == [channels, channels]


def test_statistics_are_found_after_a_move():
    """A module whose tensors were replaced, as by a move to a GPU, goes on with the new ones."""
    source = source_of((4,))
    ensemble = ensemble_of(source).half().float()
    before = values(ensemble)

    ensemble.train()(torch.from_numpy(images_of(source)))

    moved = [name for name, value in values(ensemble).items() if (value != before[name]).any()]
    assert len(moved) == len(dict(ensemble.named_buffers()))
