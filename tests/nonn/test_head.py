"""The head on the host: closed forms, whoever is missing, and what it refuses."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import HarnessError
from reproductions.nonn.deployment.head import Head

HEAD = Head(
    np.array([[1, 2, 4], [0, -1, 8]], np.float32), np.array([0.5, -0.5], np.float32), (2, 1)
)
FIRST = np.array([[1, 3]], np.float32)
SECOND = np.array([[0.25]], np.float32)


def head(seed, sizes, classes):
    """Return a head with random numbers."""
    random = np.random.Generator(np.random.PCG64(seed))
    weight = random.normal(size=(classes, sum(sizes))).astype(np.float32)
    return Head(weight, random.normal(size=classes).astype(np.float32), tuple(sizes))


def test_whole_numbers_by_hand():
    """Two students give what the weights and the bias add up to, and both are told to stand."""
    answer = HEAD.answer([FIRST, SECOND], "features")

    assert answer.logits.tolist() == [[8.5, -1.5]]
    assert answer.logits.dtype == np.float32
    assert (answer.standing, answer.of) == ((0, 1), 2)


def test_the_one_that_answers_counts_for_both():
    """With one of two students its part is doubled, and the bias is not."""
    answer = HEAD.answer([None, SECOND], "features")

    assert answer.logits.tolist() == [[2.5, 3.5]]
    assert (answer.standing, answer.of) == ((1,), 2)


def test_shares_of_the_scores_are_added():
    """In the form of logits the parts are added as they are, scaled when one is missing."""
    shares = [np.array([[7, -3]], np.float32), np.array([[1, 2]], np.float32)]

    assert HEAD.answer(shares, "logits").logits.tolist() == [[8.5, -1.5]]
    assert HEAD.answer([shares[0], None], "logits").logits.tolist() == [[14.5, -6.5]]


def test_bytes_are_multiplied_by_their_scales():
    """Whole numbers count as many steps of their own channel."""
    parts = [np.array([[4, 6]], np.int8), np.array([[1]], np.int8)]
    scales = [np.array([0.25, 0.5], np.float32), np.array([0.25], np.float32)]

    assert HEAD.answer(parts, "features", scales).logits.tolist() == [[8.5, -1.5]]


@given(st.integers(0, 99), st.lists(st.integers(1, 9), min_size=1, max_size=5), st.data())
@settings(max_examples=50)
def test_one_image_is_answered_as_in_a_batch(seed, sizes, data):
    """The bits of an image's scores do not depend on the images beside it."""
    found = head(seed, sizes, 7)
    random = np.random.Generator(np.random.PCG64(seed))
    parts = [random.normal(size=(6, size)).astype(np.float32) for size in sizes]
    chosen = data.draw(st.sets(st.sampled_from(range(len(sizes))), min_size=1))
    there = [part if place in chosen else None for place, part in enumerate(parts)]

    together = found.answer(there, "features").logits
    alone = [
        found.answer([None if part is None else part[n : n + 1] for part in there], "features")
        for n in range(6)
    ]

    assert together.tobytes() == np.concatenate([one.logits for one in alone]).tobytes()


def test_the_sum_has_one_order():
    """The features are added first to last: a sum in another order would round to other bits."""
    values = np.array([[2.0**60, 1, -(2.0**60), 1]], np.float32)

    answer = Head(np.ones((1, 4), np.float32), np.zeros(1, np.float32), (4,))

    assert answer.answer([values], "features").logits.tolist() == [[1.0]]


def test_nobody_is_an_error():
    """When nobody has answered there is no answer, and the message says what to look at."""
    with pytest.raises(HarnessError, match="0 of 2 students answered") as caught:
        HEAD.answer([None, None], "features")

    assert "deadline" in caught.value.remedy


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ([FIRST], "1 of 2 students answered, in 1 places"),
        ([SECOND, FIRST], r"student 0 answered with the shape \(1, 1\), not \(images, 2\)"),
        ([FIRST, SECOND[0]], r"student 1 answered with the shape \(1,\), not \(images, 1\)"),
        ([FIRST, np.array([[1]], np.int8)], "student 1 answered in int8, and there are no scales"),
        ([FIRST, SECOND.repeat(3, axis=0)], r"answered for \[1, 3\] images"),
    ],
)
def test_answers_that_do_not_fit_are_refused(parts, says):
    """A missing place, a wrong shape, bytes without scales and other images are told apart."""
    with pytest.raises(HarnessError, match=says):
        HEAD.answer(parts, "features")


def test_a_head_of_other_students_is_refused():
    """Sizes that do not add up to the features of the weights are no head."""
    with pytest.raises(HarnessError, match=r"3 features and 2 classes cannot have .* \[2, 2\]"):
        Head(HEAD.weight, HEAD.bias, (2, 2))


def test_the_host_needs_numpy_alone():
    """The head is imported without torch or any other framework."""
    program = (
        "import sys, reproductions.nonn.deployment.head; "
        "print([name for name in ('torch', 'tvm', 'onnxruntime') if name in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip

    assert done.stdout.strip() == "[]"
