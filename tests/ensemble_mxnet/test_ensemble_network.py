"""The members of an ensemble on MXNet: counts, layers, and what is shared."""

from itertools import product

import numpy as np
import pytest
from ensemble_gluon_samples import COMPILED, WIDTHS, ensemble, gradients, images
from mxnet import autograd, nd

from harness.errors import HarnessError
from reproductions.ensemble_kd.gluon.layers import Layers
from reproductions.ensemble_kd.gluon.parameters import load, named, values
from reproductions.ensemble_kd.params.quantisation import PUBLISHED, Quantisation

BINARY = Quantisation(activations="det_sign")


def convolved(network, bits, x, layer):
    """Return what the member's quantised convolution makes of the map `x`."""
    plan = network._plan
    member = next(one for one in plan.members if one.bits == bits)
    arrays = {name: one.data() for name, one in network.parameters.items()}
    places = {}
    if member.weights == "dorefa":
        from reproductions.ensemble_kd.gluon.member import _places

        places = _places(nd, plan, (member,), arrays)
    layers = Layers(nd, arrays, places, member, plan.quantisation)
    return layers.quantised(nd.array(x), layer).asnumpy()


def summed(x, weight, stride, padding, fill):
    """Convolve in NumPy, float64, with `fill` around the map."""
    x = np.pad(x, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2), constant_values=fill)
    kernel = weight.shape[2]
    rows = range(0, x.shape[2] - kernel + 1, stride)
    windows = [[x[:, :, r : r + kernel, c : c + kernel] for c in rows] for r in rows]
    flat = np.stack([np.stack(row) for row in windows]).astype(np.float64)
    return np.einsum("rcbikl,oikl->borc", flat, weight)


@pytest.fixture(scope="module")
def small():
    """Give an ensemble of all widths, not compiled."""
    return ensemble()


def test_the_network_has_the_published_counts():
    """Full size, 1000 classes: the counts of the original, without running statistics."""
    network = ensemble((1,), width=1, classes=1000, image_size=224, image_channels=3)
    sizes = {name: int(np.prod(one.shape)) for name, one in network.parameters.items()}
    quantised = {layer.weight for layer in network._plan.description.quantised}
    statistics = [name for name in sizes if name.endswith(("mean", "variance"))]

    assert sum(sizes[name] for name in quantised) == 10_985_472
    counted = sum(sizes.values()) - sum(sizes[name] for name in statistics)
    # Gluon counts the scale of the images too, which is 1 and no value here.
    assert counted + 3 == 11_689_646


@pytest.mark.parametrize(("size", "added"), [(32, 19_212), (224, 19_468)])
def test_a_member_adds_its_normalisation_alone(size, added):
    """With the scale of the rebuilt input a member more brings that many values."""
    asked = Quantisation(rebuilt_input=True)
    one, two = (
        ensemble(widths, quantisation=asked, width=1, image_size=size, image_channels=3)
        for widths in [(8,), (8, 4)]
    )

    difference = set(two.parameters) - set(one.parameters)
    assert difference == set(two.private(4))
    assert sum(int(np.prod(two.parameters[name].shape)) for name in difference) == added


def test_logits_come_in_the_order_of_the_widths(small):
    """Each member alone answers what the ensemble answers in its place."""
    batch = images()
    together = small(batch).asnumpy()

    assert together.shape == (5, 4, 10)
    for place, bits in enumerate(WIDTHS):
        np.testing.assert_array_equal(small.member(bits)(batch).asnumpy(), together[place])


def test_a_width_that_is_not_there_is_told(small):
    """The error names the widths that there are."""
    with pytest.raises(HarnessError, match="no member of 3 bits; its widths are 32, 8, 4, 2, 1"):
        small.member(3)


@pytest.mark.parametrize(
    "asked",
    [Quantisation(), Quantisation(**PUBLISHED), Quantisation(activations="pact")],
    ids=["corrected", "published", "pact"],
)
def test_the_compiled_ensemble_equals_the_plain_one(asked):
    """Logits are equal to the bit, gradients as far as the order of a sum allows."""
    network, batch = ensemble(quantisation=asked), images(8)
    with autograd.train_mode():
        plain = network(batch).asnumpy()
    expected = gradients(network, batch)
    network.hybridize(**COMPILED)
    with autograd.record():
        logits = network(batch)
    found = gradients(network, batch)

    np.testing.assert_array_equal(logits.asnumpy(), plain)
    for name, gradient in expected.items():
        scale = np.abs(gradient).max()
        np.testing.assert_allclose(found[name], gradient, atol=2e-5 * scale + 1e-6, err_msg=name)


def test_the_joint_gradient_is_the_sum_of_the_members(small):
    """On every shared parameter the ensemble's gradient is its members' together."""
    batch = images(8)
    weights = nd.array(np.random.default_rng(2).standard_normal((5, 8, 10)), dtype=np.float32)
    joint = gradients(small, batch, weights)
    alone = [
        gradients(small.member(bits), batch, weights[place]) for place, bits in enumerate(WIDTHS)
    ]

    for name in small.shared:
        total = sum(one[name].astype(np.float64) for one in alone)
        scale = max(np.abs(one[name]).max() for one in alone)
        np.testing.assert_allclose(joint[name], total, atol=1e-5 * scale, err_msg=name)


def test_maps_are_what_the_quantised_convolutions_gave():
    """They come beside unchanged logits, one for each convolution, compiled too."""
    network, compiled, batch = ensemble(), ensemble(), images()
    logits, plain = network.with_maps(batch)
    compiled.hybridize(**COMPILED)
    again, maps = compiled.with_maps(batch)

    np.testing.assert_array_equal(logits.asnumpy(), network(batch).asnumpy())
    np.testing.assert_array_equal(logits.asnumpy(), again.asnumpy())
    assert [len(of_member) for of_member in maps] == [16] * 5
    assert maps[0][-1].shape == (4, 64, 1, 1)
    for one, other in zip(plain, maps, strict=True):
        np.testing.assert_array_equal(one[5].asnumpy(), other[5].asnumpy())


@pytest.mark.parametrize(("padding", "fill"), [("zero", 0), ("minus_one", -1)])
@pytest.mark.parametrize("bits", WIDTHS)
def test_a_quantised_convolution_is_its_definition(bits, padding, fill):
    """Quantised values, surrounded as asked, are convolved; one bit counts equal signs."""
    network = ensemble((bits,), quantisation=Quantisation(padding=padding))
    layer = network._plan.description.blocks[4].convolution
    x = np.random.default_rng(3).standard_normal((2, 8, 8, 8)).astype(np.float32)
    latent = network.parameters[layer.weight].data().asnumpy().astype(np.float64)
    top = 2**bits - 1
    if bits == 32:
        weight, inputs = latent, np.maximum(x, 0)
    else:
        bent = np.tanh(latent)
        place = bent / (2 * np.abs(bent).max()) + 0.5
        codes = np.where(latent >= 0, 1, 0) if bits == 1 else np.floor(place * top + 0.5)
        weight = 2 * codes / top - 1
        inputs = np.floor(np.clip(x, 0, 1) * np.float32(top) + np.float32(0.5)) / top

    expected = summed(inputs, weight, 2, 1, fill)
    if bits == 1:
        expected = (expected + 8 * 9) / 2
    np.testing.assert_allclose(convolved(network, bits, x, layer), expected, rtol=1e-5, atol=1e-5)


def test_one_bit_is_the_count_of_equal_signs():
    """With signs on both sides the result is what a loop of XNOR and popcount counts."""
    network = ensemble((1,), quantisation=Quantisation(activations="det_sign", padding="minus_one"))
    layer = network._plan.description.blocks[0].convolution
    x = np.random.default_rng(4).standard_normal((1, 8, 4, 4)).astype(np.float32)
    weight = network.parameters[layer.weight].data().asnumpy() >= 0
    signs = np.pad(x >= 0, ((0, 0), (0, 0), (1, 1), (1, 1)))

    found = convolved(network, 1, x, layer)

    for out, row, column in product(range(8), range(4), range(4)):
        window = signs[0, :, row : row + 3, column : column + 3]
        assert found[0, out, row, column] == np.count_nonzero(window == weight[out])


@pytest.mark.parametrize("scaling", ["xnor", "binet"])
def test_scaling_brings_one_bit_nearer_to_full_precision(scaling):
    """The scaled sums of signs differ less from the convolution of the latent weights."""
    x = np.random.default_rng(5).standard_normal((2, 8, 8, 8)).astype(np.float32)
    errors = {}
    for kind in ("none", scaling):
        network = ensemble((1,), quantisation=Quantisation(activations="det_sign", scaling=kind))
        layer = network._plan.description.blocks[0].convolution
        latent = network.parameters[layer.weight].data().asnumpy()
        exact = summed(x, latent, 1, 1, 0)
        errors[kind] = np.abs(convolved(network, 1, x, layer) - exact).mean()

    assert errors[scaling] < errors["none"]


def test_the_scale_of_binet_alone_has_a_gradient():
    """Doubling a weight changes its gradient's path through mean |w| for binet only."""
    found = {}
    for kind in ("xnor", "binet"):
        network = ensemble((1,), quantisation=Quantisation(activations="det_sign", scaling=kind))
        found[kind] = gradients(network, images(), nd.array(np.eye(4, 10)[None]))
    name = "stage1.block1.conv.weight"

    assert not np.allclose(found["xnor"][name], found["binet"][name])


@pytest.mark.parametrize(
    "network",
    [
        {"add_activation": "prelu"},
        {"add_activation": "relu"},
        {"add_activation": "elu"},
        {"shortcut_groups": 4},
        {"shortcut_full_precision": False},
        {"shortcut_pool": False},
        {"stem": "imagenet", "image_size": 32},
        {"stem": "grouped_stem", "image_size": 32},
    ],
    ids=str,
)
def test_every_form_of_the_network_learns(network):
    """Logits are finite, and a gradient reaches every parameter that there is."""
    built = ensemble((32, 2, 1), quantisation=Quantisation(rebuilt_input=True), **network)
    built.hybridize(**COMPILED)
    batch = images(8, network.get("image_size", 8))
    weights = nd.array(np.random.default_rng(6).standard_normal((3, 8, 10)), dtype=np.float32)

    found = gradients(built, batch, weights)

    assert np.isfinite(built(batch).asnumpy()).all()
    still = [name for name, gradient in found.items() if not np.abs(gradient).sum() > 0]
    # The last block is followed by a ReLU, which leaves nothing for the slope before it.
    assert [name for name in still if not name.endswith("stage4.block4.slope")] == []


def test_quantised_shortcuts_are_quantised():
    """Their sums are among the maps, and lie on the grid of their width."""
    network = ensemble((2,), shortcut_full_precision=False)
    _, maps = network.with_maps(images())

    assert len(maps[0]) == 19
    sums = maps[0][5].asnumpy() * 9
    np.testing.assert_allclose(sums, np.round(sums), atol=1e-4)


def test_the_alpha_of_pact_learns():
    """Each quantised convolution of a narrow member has its own, with a gradient.

    They start at 8, and at 2 where there is one bit.
    """
    network = ensemble((32, 4, 1), quantisation=Quantisation(activations="pact"))
    network.hybridize(**COMPILED)
    found = gradients(network, images(8) * 30, nd.array(np.eye(8, 10)[None].repeat(3, 0)))
    names = [name for name in found if name.endswith("alpha")]

    assert len(names) == 32
    assert not [name for name in names if name.startswith("bits32")]
    starts = {(name[:5], float(network.parameters[name].data().asscalar())) for name in names}
    assert starts == {("bits4", 8.0), ("bits1", 2.0)}
    assert any(np.abs(found[name]).sum() > 0 for name in names)


def test_a_rebuilt_input_differs_from_the_widest():
    """As published only the widest member has no scale of the images, and its own epsilon."""
    network = ensemble((8, 4), quantisation=Quantisation(rebuilt_input=True))

    assert "bits8.input.bn.gamma" not in network.parameters
    assert "bits4.input.bn.gamma" in network.parameters


def test_decay_reaches_stem_shortcuts_and_output_alone(small):
    """Quantised weights and normalisation are not decayed."""
    decayed = {name for name, one in small.parameters.items() if one.wd_mult}

    assert decayed == {
        "stem.conv1.weight",
        *(f"stage{stage}.block1.shortcut.weight" for stage in (2, 3, 4)),
        "output.weight",
        "output.bias",
    }


def test_values_survive_a_round_trip(small):
    """Another ensemble with an ensemble's values answers the same."""
    other = ensemble(seed=9)
    load(other, values(small), "a copy")

    assert list(values(other)) == [*other.shared, *(n for b in WIDTHS for n in other.private(b))]
    np.testing.assert_array_equal(other(images()).asnumpy(), small(images()).asnumpy())


def test_a_compiled_network_takes_new_values():
    """What was compiled before reads the values that it has now, with maps and without."""
    network, other = ensemble(seed=0), ensemble(seed=9)
    network.hybridize(**COMPILED)
    before = network(images()).asnumpy()
    load(network, values(other), "another")

    expected = other(images()).asnumpy()
    assert not np.array_equal(before, expected)
    np.testing.assert_array_equal(network(images()).asnumpy(), expected)
    np.testing.assert_array_equal(network.with_maps(images())[0].asnumpy(), expected)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda given: given.pop("output.bias"), "'output.bias' is missing"),
        (lambda given: given.update(extra=np.zeros(1)), "'extra' is left over"),
        (
            lambda given: given.update({"output.bias": np.zeros(3)}),
            r"'output.bias' has the shape \(3,\) and not \(10,\)",
        ),
    ],
)
def test_values_that_do_not_fit_change_nothing(small, change, said):
    """The error names the place and the value; the network is as it was."""
    before = values(small)
    given = {name: value + 1 for name, value in before.items()}
    change(given)

    with pytest.raises(HarnessError, match=f"in the file x.*{said}"):
        load(small, given, "the file x")
    for name, value in values(small).items():
        np.testing.assert_array_equal(value, before[name])


def test_running_statistics_follow_the_batch():
    """A training step moves them by a tenth of the way to the batch's biased variance."""
    network = ensemble((4,))
    batch = images(16)
    before = values(network)
    gradients(network, batch)
    after = values(network)

    seen = batch.asnumpy()
    for name, new in (("mean", seen.mean()), ("variance", seen.var())):
        key = f"bits4.input.bn.{name}"
        np.testing.assert_allclose(after[key], 0.9 * before[key] + 0.1 * new, rtol=1e-5)


def test_names_are_canonical(small):
    """Parameters are named alike in every framework."""
    assert list(named(small)) == list(small.parameters)
    assert "bits8.stage2.block1.shortcut_bn.variance" in small.parameters
