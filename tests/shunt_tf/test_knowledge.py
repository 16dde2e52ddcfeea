"""Knowledge quotients, against networks from which blocks are really taken out."""

import math

import keras
import network_samples
import numpy as np
import pytest
import surgery_samples as samples
from surgery_samples import answer, images, weights, window

from harness.errors import HarnessError
from reproductions.shunt.data.split import Split
from reproductions.shunt.evaluation import answering, quality
from reproductions.shunt.knowledge import joint_quotients, of_answers, quotients
from reproductions.shunt.params.window import windows_of
from reproductions.shunt.surgery.gates import Gated
from reproductions.shunt.surgery.removal import without_blocks

RESIDUAL = (2, 3, 5)


@pytest.fixture(scope="module")
def network():
    """Give a network of six blocks; not to be changed."""
    return samples.tiny()


@pytest.fixture
def score(network):
    """Give a score that depends on every bit of a model's outputs for some images."""
    inputs = images(network, 4)
    return lambda model: float(np.sum(answer(model, inputs)[:, 0].astype(np.float64)))


@pytest.mark.parametrize("gone", [(), (3,), (2, 5), RESIDUAL])
def test_shut_gates_are_removed_blocks(network, gone):
    """A network with shut gates gives what it gives without the blocks, bit for bit, compiled."""
    inputs = images(network)
    gated = Gated.of(network)
    gated.remove(gone)
    removed = without_blocks(network, gone)

    assert np.array_equal(answer(gated.model, inputs), answer(removed, inputs))
    expected = answering(removed)(inputs)
    assert np.array_equal(answering(gated.model)(inputs), expected)


def test_gates_open_again(network):
    """Blocks that are put back give the network as it was, which itself never changes."""
    inputs, before = images(network), weights(network)
    gated = Gated.of(network)
    gated.remove([2, 5])
    gated.remove([])

    assert np.array_equal(answer(gated.model, inputs), answer(network, inputs))
    assert all(map(np.array_equal, before, weights(network)))


def test_a_block_without_a_gate(network):
    """A block that is not residual cannot be shut."""
    with pytest.raises(HarnessError, match="block 1 is no residual block of 'tiny'"):
        Gated.of(network).remove([1])


def test_what_is_shut_out_may_be_infinite(network):
    """A block that gives no numbers does not reach the outputs when it is left out."""
    broken = without_blocks(network, [])
    broken.get_layer("expanded_conv_5_project_BN").gamma.assign(np.full(24, np.inf))
    gated = Gated.of(broken)
    gated.remove([5])

    assert np.isfinite(answer(gated.model, images(network))).all()


def test_quotients_of_blocks(network, score):
    """The quotient of a block is 1 - a / a_full with a measured without it (Haas 2021)."""
    found = quotients(network, score)

    full = score(network)
    for one, ordinal in zip(found.quotients, RESIDUAL, strict=True):
        without = score(without_blocks(network, [ordinal]))
        assert one.removed == (ordinal,)
        assert (one.score, one.full) == (without, full)
        assert one.quotient == 1 - without / full
        assert one.start == f"expanded_conv_{ordinal}_expand"
        assert one.end == f"expanded_conv_{ordinal}_Add"
    assert len({one.score for one in found.quotients}) == len(RESIDUAL)


def test_the_earlier_definition(network, score):
    """Under `compat` the quotient is a / a_full."""
    new, old = quotients(network, score), quotients(network, score, compat=True)

    assert [one.quotient for one in old.quotients] == [
        one.score / one.full for one in new.quotients
    ]


def test_blocks_that_cannot_be_removed_are_told(network, score):
    """Each block that is not residual is skipped with a message."""
    skipped = quotients(network, score).skipped

    assert [text.split("'")[1] for text in skipped] == [
        f"expanded_conv_{ordinal}" for ordinal in (0, 1, 4)
    ]
    assert all("is not residual" in text for text in skipped)


def test_additions_of_the_head_are_told():
    """The addition in DeepLab's head is skipped with a message, and mean IoU is a score."""
    network = network_samples.built(network_samples.DEEPLAB)
    inputs = samples.generator(1).integers(0, 255, (2, *network.input_shape[1:]), np.uint8)
    masks = np.zeros(inputs.shape[:3], np.uint8)
    masks[:, ::2] = 1
    split = Split(
        images=inputs, labels=masks, maximum=255, mean=(0.5,) * 3, std=(0.5,) * 3, classes=5,
        ignore=255,
    )  # fmt: skip
    found = quotients(network, of_answers(lambda answers: 1 + quality(answers, split, 2)))

    assert [one.window.first for one in found.quotients] == [2, 4, 5, 7, 9, 10]
    assert "ends no block" in found.skipped[-1]
    assert all(math.isfinite(one.quotient) for one in found.quotients)


def test_joint_quotients(network, score):
    """The quotient of a window is measured without all of its residual blocks at once."""
    windows = windows_of(6)
    found = joint_quotients(network, score, windows)

    full = score(network)
    expected = {}
    for one in found.quotients:
        removed = tuple(ordinal for ordinal in RESIDUAL if ordinal in one.window.blocks)
        if removed not in expected:
            expected[removed] = score(without_blocks(network, removed))
        assert one.removed == removed
        assert one.quotient == 1 - expected[removed] / full
    assert len(expected) == 6


def test_windows_without_a_residual_block_have_no_quotient(network, score):
    """They are left out, with the reason."""
    windows = [window("0-1"), window("4-5"), window("4")]
    found = joint_quotients(network, score, windows)

    assert found.of(window("0-1")) is None
    assert found.of(window("4-5")).removed == (5,)
    assert found.skipped == (
        "window 0-1 has no residual block, and so no quotient",
        "window 4-4 has no residual block, and so no quotient",
    )


def test_a_window_that_is_not_there(network, score):
    """A window with a block that the network lacks is refused."""
    with pytest.raises(HarnessError, match="no block 6"):
        joint_quotients(network, score, [window("3-6")])


def test_a_window_of_one_block_is_that_block(network, score):
    """Jointly and for itself a residual block has one quotient."""
    alone = quotients(network, score)
    joint = joint_quotients(network, score, [one.window for one in alone.quotients])

    assert joint.quotients == alone.quotients


def test_one_model_and_one_graph_for_all(network):
    """Every score is of the same model, which is compiled once, and equal sets count once."""
    traces, seen = [], []
    inputs = images(network)

    def answered(answers):
        seen.append(np.asarray(answers(inputs)))
        return float(seen[-1][0, 0])

    compiled = of_answers(answered)

    def score(model):
        traces.append(model)
        return compiled(model)

    joint_quotients(network, score, windows_of(6))
    assert len({id(one) for one in traces}) == 1
    assert len(seen) == 1 + 6
    assert np.array_equal(seen[0], answering(network)(inputs))


@pytest.mark.parametrize("value", [0.0, math.nan, -1.0])
def test_a_network_without_a_score(network, value):
    """Shares of a score of zero, or of no number, are refused."""
    with pytest.raises(HarnessError, match="as a whole"):
        quotients(network, lambda _: value)


def test_a_score_of_no_number(network):
    """A score that is no number without a block is refused, and the block named."""
    values = iter([1.0, 0.5, math.nan])

    with pytest.raises(HarnessError, match="window 3-3 the network scores nan"):
        quotients(network, lambda _: next(values))


def test_a_gate_is_saved_and_loaded(network, tmp_path):
    """A gated network comes back from its .keras file, gates as they were."""
    gated = Gated.of(network)
    gated.remove([3])
    gated.model.save(tmp_path / "gated.keras")
    inputs = images(network)

    loaded = keras.models.load_model(tmp_path / "gated.keras")
    assert np.array_equal(answer(loaded, inputs), answer(gated.model, inputs))
