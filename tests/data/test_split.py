from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.split import apportion, divide, subset
from harness.errors import HarnessError
from harness.spec.dataset import Split

LABELS = st.lists(st.integers(0, 4), min_size=20, max_size=120).map(
    lambda values: np.array(values, dtype=np.int64)
)
SPLITS = st.builds(
    Split,
    test=st.sampled_from([0.1, 0.2, 0.5]),
    validation=st.sampled_from([0.1, 0.25, 0.5]),
    seed=st.integers(0, 2**32 - 1),
)


@given(LABELS, SPLITS)
def test_parts_are_disjoint_and_complete(labels, split):
    """Every record is in exactly one part, and each part is in ascending order."""
    parts = divide(labels, split, 0)
    everything = np.concatenate([parts.train, parts.validation, parts.test])

    assert sorted(everything.tolist()) == list(range(len(labels)))
    assert all((np.diff(part) > 0).all() for part in vars(parts).values())
    assert len(parts.test) == round(split.test * len(labels))


@given(LABELS, SPLITS)
def test_classes_keep_their_proportions(labels, split):
    """In each part every class is within one record of its share."""
    parts = divide(labels, split, 0)
    taken = np.bincount(labels[parts.test], minlength=5)
    exact = np.bincount(labels, minlength=5) * len(parts.test) / len(labels)

    assert (np.abs(taken - exact) < 1).all()


@given(LABELS, SPLITS)
def test_the_split_depends_on_labels_and_seed_alone(labels, split):
    """The same labels and seed give the same parts, which their digests tell."""
    assert divide(labels, split, 0).digests() == divide(labels.copy(), split, 0).digests()


def test_another_seed_gives_another_split():
    """The seed matters."""
    labels = np.arange(100, dtype=np.int64) % 10
    one, other = (
        divide(labels, Split(test=0.2, validation=0.1, seed=seed), 0).digests() for seed in (1, 2)
    )

    assert one.keys() == other.keys()
    assert not set(one.values()) & set(other.values())


def test_the_official_test_set_is_kept_whole_and_in_order():
    """With an official test set only the other records are divided."""
    labels = np.arange(40, dtype=np.int64) % 4
    parts = divide(labels, Split(test="official", validation=0.25, seed=0), 15)

    assert parts.test.tolist() == list(range(15))
    assert len(parts.validation) == 10
    assert len(parts.train) == 30


def test_the_parts_of_a_seed_are_known():
    """A split that is recorded in results cannot change unnoticed with a new NumPy."""
    labels = np.arange(12, dtype=np.int64) % 3
    parts = divide(labels, Split(test=0.25, validation=0.34, seed=7), 0)

    assert [part.tolist() for part in vars(parts).values()] == [
        [0, 5, 7, 8, 9, 10],
        [1, 2, 3],
        [4, 6, 11],
    ]


def test_a_part_without_images_is_refused():
    """A share that rounds to nothing is an error and not an empty array."""
    with pytest.raises(HarnessError, match="leaves no validation images of 5"):
        divide(np.zeros(5, dtype=np.int64), Split(test=0.4, validation=0.1, seed=0), 0)


@given(LABELS, SPLITS, st.integers(1, 150))
def test_a_limit_takes_a_part_of_the_part(labels, split, count):
    """A limit keeps so many records of the part, or all when there are fewer."""
    train = divide(labels, split, 0).train
    kept = subset(labels, train, count, split)

    assert set(kept.tolist()) <= set(train.tolist())
    assert len(kept) == min(count, len(train))


def test_no_limit_takes_all():
    """Without a limit the part is kept as it is."""
    indices = np.array([1, 3, 4], dtype=np.int64)
    split = Split(test=0.2, validation=0.1, seed=0)

    assert subset(np.zeros(5, dtype=np.int64), indices, None, split) is indices


@given(st.lists(st.integers(0, 50), min_size=1, max_size=10), st.data())
def test_apportioning_hands_out_exactly_the_count(sizes, data):
    """The quotas add up to the count, and none is above its class."""
    count = data.draw(st.integers(0, sum(sizes)))
    quotas = apportion(sizes, count)

    assert sum(quotas) == count
    assert all(0 <= quota <= size for quota, size in zip(quotas, sizes, strict=True))
