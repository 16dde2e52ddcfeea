"""An engine answers as the network in plain float64 sums does, at every width."""

import numpy as np
import pytest
from ensemble_reference import SMALL, Reference

from harness.errors import HarnessError
from reproductions.ensemble_kd.params.network import Network
from reproductions.ensemble_kd.serving import kernel
from reproductions.ensemble_kd.serving.engine import Engine
from reproductions.ensemble_kd.serving.store import open_store, pack

WIDTHS = (32, 8, 4, 2, 1)
CASES = {
    "smoke": ({}, {}),
    "published": ({}, {"padding": "minus_one", "cancel_full": True, "rebuilt_input": True}),
    "signs": ({}, {"one_bit_activations": "det_sign"}),
    "signs-minus-one": ({}, {"one_bit_activations": "det_sign", "padding": "minus_one"}),
    "full-weights": ({}, {"full_weights": True, "padding": "minus_one"}),
    "clip": ({}, {"identity_clip": True, "padding": "minus_one"}),
    "imagenet": ({"stem": "imagenet", "image_size": 32, "image_channels": 3}, {}),
    "grouped": (
        {"stem": "grouped_stem", "image_size": 19, "shortcut_groups": 2, "shortcut_pool": False},
        {},
    ),
    "shortcuts": ({"shortcut_full_precision": False, "shortcut_pool": False}, {}),
    "coded-groups": (
        {"shortcut_full_precision": False, "shortcut_groups": 4},
        {"padding": "minus_one"},
    ),
    "relu": ({"add_activation": "relu"}, {}),
    "prelu": ({"add_activation": "prelu"}, {}),
    "elu": ({"add_activation": "elu"}, {}),
}
"""Networks and quantisations that differ from the usual ones."""


def images(network, count=6):
    """Return drawn images for `network`."""
    random = np.random.Generator(np.random.PCG64(7))
    size = (count, network.image_channels, network.image_size, network.image_size)
    return random.standard_normal(size, np.float32)


def opened(ensemble, **how):
    """Return the opened store of an ensemble."""
    values, network = ensemble.values, ensemble.network
    return open_store(
        pack(values, network, ensemble.widths, ensemble.quantisation, with_float=True, **how)
    )


@pytest.mark.parametrize("case", CASES)
def test_answers_are_the_plain_networks(case):
    """Every backend answers with the logits of the network as plain sums, at each width.

    A float64 activation may lie on the other side of a border between two codes than its float32
    one: of six images two may differ by that, and their class hardly ever does.
    """
    changes, quantisation = CASES[case]
    network = Network(**{**SMALL.model_dump(), **changes})
    ensemble = Reference(network, WIDTHS, **quantisation)
    store, asked = opened(ensemble), images(network)
    for bits in WIDTHS:
        wanted = ensemble.answer(asked, bits)
        found = {one: Engine(store, one, one).answer(asked, bits) for one in kernel.backends()}
        for backend, logits in found.items():
            apart = np.abs(logits - wanted).max(axis=1)
            scale = np.abs(wanted).max()
            assert logits.dtype == np.float32
            assert np.sort(apart)[3] <= 2e-5 * scale, (bits, backend)


def test_backends_of_codes_answer_with_equal_bits():
    """With layers in full precision by NumPy, all backends answer the same to the last bit."""
    store, asked = opened(Reference()), images(SMALL)
    for bits in WIDTHS:
        first, *others = [Engine(store, one).answer(asked, bits) for one in kernel.backends()]

        assert all(np.array_equal(first, other) for other in others)


def test_widths_switch_between_requests():
    """Requests at changing widths are answered as by an engine that knows that width alone."""
    store, asked = opened(Reference()), images(SMALL)
    engine = Engine(store)
    engine.prepare(4)
    for bits in (4, 1, 32, 1, 8, 2, 4):
        assert np.array_equal(engine.answer(asked, bits), Engine(store).answer(asked, bits))


def test_an_image_is_answered_alone_as_in_a_batch():
    """What an image is answered does not depend on those beside it, up to rounding."""
    engine, asked = Engine(opened(Reference())), images(SMALL)

    for bits in WIDTHS:
        alone = np.concatenate([engine.answer(one[None], bits) for one in asked])
        assert np.allclose(alone, engine.answer(asked, bits), atol=1e-5)


def test_layers_can_have_other_widths():
    """Layers with their member's own width change nothing; with another only they are coarser."""
    engine, asked = Engine(opened(Reference())), images(SMALL)
    names = [one.convolution.name for one in engine.store.description.blocks]
    usual = engine.answer(asked, 8)

    assert np.array_equal(engine.answer(asked, 8, dict.fromkeys(names, 8)), usual)
    coarse = engine.answer(asked, 8, {names[-1]: 4})
    assert 0 < np.abs(coarse - usual).max() < np.abs(usual).max()
    assert np.array_equal(engine.answer(asked, 8), usual)


@pytest.mark.parametrize(
    ("bits", "mixed", "said"),
    [
        (8, {"stage9.block1.conv": 4}, "'stage9.block1.conv' is no quantised convolution"),
        (8, {"stage1.block1.conv": 3}, "cannot have 3 bits"),
        (32, {"stage1.block1.conv": 4}, "cannot have 4 bits in the member of 32 bits"),
        (5, {}, "does not serve 5 bits"),
    ],
)
def test_impossible_widths_are_refused(bits, mixed, said):
    """A width that is not served, and a layer that cannot have one, are told with what can."""
    engine = Engine(opened(Reference()))
    with pytest.raises(HarnessError, match=said):
        engine.answer(images(SMALL), bits, mixed)


def test_signs_cannot_be_mixed():
    """Layers of a member whose activations are signs keep their width."""
    engine = Engine(opened(Reference(one_bit_activations="det_sign")))
    with pytest.raises(HarnessError, match="activations are 'det_sign'"):
        engine.answer(images(SMALL), 1, {"stage1.block1.conv": 4})


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (np.zeros((1, 3, 8, 8), np.float32), r"float32 \(1, 3, 8, 8\)"),
        (np.zeros((1, 1, 8, 8)), "float64"),
        (np.full((1, 1, 8, 8), np.nan, np.float32), "not finite"),
    ],
)
def test_strange_images_are_refused(asked, said):
    """Images of another size or type, or with numbers that are none, are told of."""
    with pytest.raises(HarnessError, match=said):
        Engine(opened(Reference())).answer(asked, 8)
