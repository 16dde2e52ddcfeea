"""How right members are, and how far they agree."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError
from reproductions.ensemble_kd.training.finite import check_losses, check_values
from reproductions.ensemble_kd.training.metrics import Tally, divergence, log_softmax, rank

WIDE = [[2.0, 0, -1], [0, 3, 0], [1, 0, 0], [0, 0, 1]]
NARROW = [[1.0, 0, 0], [3, 0, 0], [2, 1, 0], [0, 0, 5]]
LABELS = np.array([0, 1, 1, 2])


def test_measures_of_two_members():
    """Accuracy, agreement and divergence are means over all images, whatever the batches."""
    logits = np.array([NARROW, WIDE], np.float32)
    whole, parts = Tally((1, 32)), Tally((1, 32))
    whole.add(logits, LABELS)
    parts.add(logits[:, :1], LABELS[:1])
    parts.add(logits[:, 1:], LABELS[1:])
    narrow, wide = whole.measures()

    high, low = log_softmax(np.array(WIDE)), log_softmax(np.array(NARROW))
    assert (narrow.top1, wide.top1) == (50.0, 75.0)
    assert narrow.top5 == wide.top5 == 100.0
    assert (narrow.agreement, wide.agreement) == (75.0, 100.0)
    assert narrow.kl == pytest.approx(divergence(high, low).mean())
    assert narrow.kl_swapped == pytest.approx(divergence(low, high).mean())
    assert (wide.kl, wide.kl_swapped) == (0.0, 0.0)
    np.testing.assert_allclose(parts.sums, whole.sums)


def test_divergence_is_directed():
    """KL(p || q) is the textbook's sum, and another one with the roles exchanged."""
    p, q = np.array([0.9, 0.1]), np.array([0.5, 0.5])
    expected = 0.9 * np.log(1.8) + 0.1 * np.log(0.2)

    assert divergence(np.log(p), np.log(q)) == pytest.approx(expected)
    assert divergence(np.log(q), np.log(p)) != pytest.approx(expected)


@given(st.integers(0, 2**32), st.integers(2, 8))
def test_rank_nothing_is_the_first_answer(seed, classes):
    """The right class comes first exactly where argmax chooses it, equal logits included."""
    generator = np.random.default_rng(seed)
    logits = generator.integers(0, 3, (6, classes)).astype(np.float32)
    labels = generator.integers(0, classes, 6)

    np.testing.assert_array_equal(rank(logits, labels) == 0, logits.argmax(-1) == labels)


def test_what_is_no_number_is_named():
    """A loss names its width and batch, a parameter its epoch; finite ones pass."""
    losses = np.zeros((3, 2))
    check_losses(losses, (32, 4, 1), "x, batch 1")
    check_values({"a": np.ones(2)}, "x")
    losses[1, 0], losses[2, 1] = np.nan, np.inf
    with pytest.raises(HarnessError, match="x, batch 7: the loss at 4, 1 bits") as told:
        check_losses(losses, (32, 4, 1), "x, batch 7")
    assert "lower the learning rate" in told.value.remedy
    with pytest.raises(HarnessError, match="epoch 2: the parameter 'b'"):
        check_values({"a": np.ones(2), "b": np.array([np.inf])}, "x, epoch 2")
