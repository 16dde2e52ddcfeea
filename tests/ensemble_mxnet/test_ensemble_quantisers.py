"""Quantisers on MXNet: values, gradients, compiled and exported forms."""

import numpy as np
import pytest
from ensemble_gluon_samples import Operation, passed
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from mxnet import gluon, nd, sym

from reproductions.ensemble_kd.gluon import quantisers
from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.quantisation.codes import activation_codes, weight_codes
from reproductions.ensemble_kd.quantisation.member import Member

WEIGHTS = np.float32([-0.8, -0.3, 0, 0.1, 0.5, 1.2]).reshape(1, 1, 2, 3)
SPREAD = np.linspace(-2, 2, 4001, dtype=np.float32)
MAPS = np.random.default_rng(0).standard_normal((2, 3, 4, 5)).astype(np.float32)
FLOATS = st.floats(-4, 4, width=32, allow_subnormal=False)


def codes(weights, bits, *, detach=True):
    """Return DoReFa's whole codes of `weights`."""
    place = quantisers.positions(nd, nd.array(weights).astype("float64"), detach=detach)
    coded = quantisers.weight_codes(nd, place, bits)
    return (coded.codes + coded.divisor).asnumpy()


def real(function):
    """Return `function`, which gives codes, as one that gives what they stand for."""

    def divided(f, x):
        coded = function(f, x)
        return coded.codes / coded.divisor

    return divided


def activation(method, bits=2, cancel=1.3):
    """Return an activation of a member as a function of `f` and a map."""
    member = Member(bits, "dorefa", bits, method, bits, cancel, offset=False)
    return real(lambda f, x: quantisers.activate(f, x, member))


def dorefa(detach):
    """Return DoReFa's weights of 2 bits as a function of `f` and weights."""

    def quantised(f, x):
        place = quantisers.positions(f, f.cast(x, dtype="float64"), detach=detach)
        return quantisers.weight_codes(f, place, 2)

    return real(quantised)


OPERATIONS = {
    **{method: activation(method) for method in
       ("identity", "relu", "clip", "leaky_clip", "det_sign", "approx_sign", "round", "dorefa")},
    "narrow": activation("round", cancel=0.5),
    "weights": dorefa(detach=True),
    "published weights": dorefa(detach=False),
}  # fmt: skip


@pytest.mark.parametrize(
    ("bits", "expected"),
    [(2, [0, 1, 2, 2, 2, 3]), (4, [2, 5, 8, 8, 12, 15]), (8, [26, 83, 128, 143, 198, 255])],
)
def test_dorefa_codes_are_the_published_formula(bits, expected):
    """The six weights of the fixture have their codes."""
    assert codes(WEIGHTS, bits).ravel().tolist() == expected


@given(arrays(np.float32, (1, 2, 3, 3), elements=FLOATS), st.integers(2, 8))
def test_dorefa_codes_equal_the_reference(weights, bits):
    """MXNet gives the codes that NumPy gives, for any weights and width."""
    # Below this size a weight is nothing beside 1/2, and the last digit of a tanh decides.
    weights[np.abs(weights) < 1e-12] = 0

    np.testing.assert_array_equal(codes(weights, bits), weight_codes(weights, bits))


def test_weights_of_nothing_have_the_code_of_zero():
    """A tensor of zeros alone is not divided by its maximum."""
    assert set(codes(np.zeros((2, 1, 3, 3), np.float32), 4).ravel()) == {8.0}


def test_only_the_largest_weight_tells_whether_the_maximum_is_detached():
    """The gradient through the maximum reaches the largest weight and no other."""
    values, detached = passed(lambda x: dorefa(detach=True)(nd, x), WEIGHTS)
    same, published = passed(lambda x: dorefa(detach=False)(nd, x), WEIGHTS)

    np.testing.assert_array_equal(values, same)
    assert (detached != published).ravel().tolist() == [False] * 5 + [True]


def test_round_is_the_fixture_at_one_bit():
    """One bit gives 0 and 1, halves up, and a gradient on 0 to 1, both ends in."""
    x = np.float32([-0.2, 0, 0.1, 0.4, 0.5, 0.77, 1, 1.2])

    found, gradient = passed(lambda x: quantisers.round_codes(nd, x, 1), x)

    assert found.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert gradient.tolist() == [0, 1, 1, 1, 1, 1, 1, 0]


@given(arrays(np.float32, 20, elements=FLOATS), st.integers(1, 8))
def test_round_codes_equal_the_reference(x, bits):
    """MXNet rounds activations as NumPy does."""
    found, _ = passed(lambda x: quantisers.round_codes(nd, x, bits), x)

    np.testing.assert_array_equal(found, activation_codes(x, bits))


def test_rounding_decides_halves_and_their_neighbours():
    """Halves go up and the floats just below them down, for every code of 8 bits."""
    halves = np.arange(256, dtype=np.float32) + np.float32(0.5)
    below = np.nextafter(halves, np.float32(0), dtype=np.float32)

    found, gradient = passed(lambda x: quantisers.rounded(nd, x), np.stack([halves, below]))

    np.testing.assert_array_equal(found[0], halves + 0.5)
    np.testing.assert_array_equal(found[1], halves - 0.5)
    assert (gradient == 1).all()


def test_det_sign_of_zero_is_one():
    """Signs are -1 and 1 exactly, 1 at both zeros; the gradient is 1 everywhere."""
    found, gradient = passed(
        lambda x: quantisers.det_sign(nd, x), [-1e8, -1e-9, -0.0, 0, 3e-7, 9e9]
    )

    assert found.tolist() == [-1, -1, 1, 1, 1, 1]
    assert (gradient == 1).all()


def test_approx_sign_has_the_published_gradient():
    """Its gradient is 2 - 2|x| inside of -1 to 1, nothing outside."""
    found, gradient = passed(lambda x: quantisers.approx_sign(nd, x), [0, 0.6, -0.3, 1.1])

    assert found.tolist() == [1, 1, -1, 1]
    np.testing.assert_allclose(gradient, [2, 0.8, 1.4, 0], atol=1e-6)


@pytest.mark.parametrize("threshold", [0.01, 0.1, 0.5, 1, 2])
def test_cancelled_gradients_end_at_the_threshold(threshold):
    """Values pass untouched; gradients where |x| is at most the threshold, which passes itself."""
    edge = np.float32(threshold)
    x = np.concatenate([SPREAD, [edge, -edge, np.nextafter(edge, np.float32(9))]])

    found, gradient = passed(lambda x: quantisers.cancel(nd, x, threshold), x)

    np.testing.assert_array_equal(found, np.float32(x))
    np.testing.assert_array_equal(gradient, np.abs(np.float32(x)) <= edge)


@pytest.mark.parametrize("threshold", [0.5, 1, 1.3])
@pytest.mark.parametrize("method", ["round", "clip", "approx_sign", "relu", "det_sign"])
def test_cancelling_that_is_left_out_would_change_nothing(method, threshold):
    """Activations have the gradients that cancelling in front of all of them gives."""
    _, plain = passed(lambda x: activation(method, cancel=None)(nd, x), SPREAD)
    _, found = passed(lambda x: activation(method, cancel=threshold)(nd, x), SPREAD)

    window = np.abs(SPREAD) <= np.float32(threshold)
    np.testing.assert_array_equal(found, plain * window)


def test_clip_and_leaky_clip_cut_at_one():
    """Inside they are the identity; outside the gradient is 0, and 0.1 for the leaky one."""
    x = [-2, -1, 0.5, 1, 3]

    found, gradient = passed(lambda x: quantisers.clip(nd, x), x)
    leaky, slopes = passed(lambda x: quantisers.leaky_clip(nd, x), x)

    assert found.tolist() == [-1, -1, 0.5, 1, 1]
    assert gradient.tolist() == [0, 1, 1, 1, 0]
    np.testing.assert_allclose(leaky, [-1.1, -1, 0.5, 1, 1.2], rtol=1e-6)
    np.testing.assert_allclose(slopes, [0.1, 1, 1, 1, 0.1], rtol=1e-6)


def test_pact_learns_where_it_cuts():
    """Alpha's gradient is 1 above it, and below it what rounding adds (CGPACT)."""
    x = np.float32([-1, 0.3, 1, 1.9, 2.5]).reshape(1, 1, 1, 5)
    alpha = np.float32([2])

    found, gradient, learned = passed(lambda x, a: quantisers.pact(nd, x, a, 2), x, alpha)

    levels = np.floor(np.clip(x / 2, 0, 1) * 3 + 0.5) / 3
    np.testing.assert_allclose(found, 2 * levels, rtol=1e-6)
    np.testing.assert_array_equal(gradient, (x >= 0) & (x <= 2))
    expected = np.where(x > 2, 1, levels - np.clip(x / 2, 0, 1)).sum()
    np.testing.assert_allclose(learned, [expected], rtol=1e-5)


@pytest.mark.parametrize("bits", [2, 3, 4, 5, 6, 7, 8])
def test_values_with_a_passed_gradient_are_exact(bits):
    """What is convolved is a whole code to the bit, though it carries a gradient."""
    x = np.random.default_rng(bits).uniform(-1, 2, 100_000).astype(np.float32)

    found, _ = passed(lambda x: quantisers.round_codes(nd, x, bits), x)
    signs, _ = passed(lambda x: quantisers.det_sign(nd, x), x)

    np.testing.assert_array_equal(found, activation_codes(x, bits))
    np.testing.assert_array_equal(signs, np.where(x >= 0, 1, -1))


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_compiled_quantiser_equals_the_plain_one(name):
    """Values and gradients are equal to the bit."""
    block = Operation(OPERATIONS[name])
    plain = passed(block, MAPS)
    block.hybridize(static_alloc=True, static_shape=True)

    for one, other in zip(plain, passed(block, MAPS), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_exported_quantiser_equals_the_plain_one(name, tmp_path):
    """A symbol that was written and read anew gives the same values to the bit."""
    block = Operation(OPERATIONS[name])
    block(sym.var("data")).save(str(tmp_path / "symbol.json"))
    read = gluon.SymbolBlock.imports(str(tmp_path / "symbol.json"), ["data"])

    np.testing.assert_array_equal(read(nd.array(MAPS)).asnumpy(), block(nd.array(MAPS)).asnumpy())


def test_pact_compiles_and_exports(tmp_path):
    """The published form fetched alpha from the graph; this one stays in it."""
    block = Operation(lambda f, x, a: quantisers.pact(f, x, a, 3))
    alpha = np.float32([1.5])
    plain = passed(block, MAPS, alpha)
    block.hybridize(static_alloc=True, static_shape=True)
    compiled = passed(block, MAPS, alpha)
    block(sym.var("data"), sym.var("alpha")).save(str(tmp_path / "symbol.json"))
    read = gluon.SymbolBlock.imports(str(tmp_path / "symbol.json"), ["data", "alpha"])

    for one, other in zip(plain, compiled, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(read(nd.array(MAPS), nd.array(alpha)).asnumpy(), plain[0])


def test_the_default_threshold_is_published():
    """No gradient passes beyond 1.3."""
    assert Quantisation().clip_threshold == 1.3
