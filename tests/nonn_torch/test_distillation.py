"""The loss, against the figures that follow from its formula."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from reproductions.nonn.distillation import (
    CONVERSION,
    divergence,
    knowledge_loss,
    transfer_loss,
    unit,
)
from reproductions.nonn.params.distillation import Knowledge

STUDENT = torch.tensor([[1, 2, 3], [0.5, -1, 0.25]], dtype=torch.float64)
TEACHER = torch.tensor([[2, 0, 1], [-0.5, 0.5, 3]], dtype=torch.float64)
LABELS = torch.tensor([2, 0])
RELEASED = Knowledge(alpha=0.9, temperature=4.0, kl="element_mean")


def features(seed, *sizes):
    """Return non-negative features of five images, a part for each of `sizes`."""
    random = np.random.Generator(np.random.PCG64(seed))
    return [torch.from_numpy(random.random((5, size))) for size in sizes]


def test_released_loss_of_the_scores():
    """The released form gives the figures that its formula gives by hand."""
    hard = torch.nn.functional.cross_entropy(STUDENT, LABELS)

    assert divergence(STUDENT, TEACHER, 4.0, "element_mean").item() == pytest.approx(
        0.022975164319, abs=1e-12
    )
    assert hard.item() == pytest.approx(0.550859075423, abs=1e-12)
    assert knowledge_loss(STUDENT, TEACHER, LABELS, RELEASED).item() == pytest.approx(
        0.716770639942, abs=1e-12
    )


def test_a_student_that_says_the_same_learns_from_labels_only():
    """A student with the teacher's scores loses only the cross entropy, weighted."""
    loss = knowledge_loss(TEACHER, TEACHER, LABELS, RELEASED)

    hard = torch.nn.functional.cross_entropy(TEACHER, LABELS)
    assert loss.item() == pytest.approx(0.1 * hard.item(), abs=1e-12)


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
@settings(max_examples=25)
def test_both_means_agree_at_ten_classes(seed, images):
    """With ten classes the corrected loss is the released one."""
    random = torch.Generator().manual_seed(seed)
    student = torch.rand((images, 10), generator=random, dtype=torch.float64)
    teacher = torch.rand((images, 10), generator=random, dtype=torch.float64)
    labels = torch.zeros(images, dtype=torch.int64)

    corrected = knowledge_loss(student, teacher, labels, Knowledge())
    released = knowledge_loss(student, teacher, labels, RELEASED)
    assert corrected.item() == pytest.approx(released.item(), rel=1e-12)


def test_more_classes_weigh_no_less():
    """At a hundred classes the corrected teacher weighs ten times the released one."""
    random = torch.Generator().manual_seed(0)
    student = torch.rand((4, 100), generator=random, dtype=torch.float64)
    teacher = torch.rand((4, 100), generator=random, dtype=torch.float64)

    released = 2 * divergence(student, teacher, 4.0, "element_mean")
    corrected = CONVERSION * divergence(student, teacher, 4.0, "batchmean")
    assert corrected.item() == pytest.approx(10 * released.item(), rel=1e-12)


@pytest.mark.parametrize("normalisation", ["joint", "per_student"])
def test_transfer_of_one_student(normalisation):
    """One student's features give the figure that the formula gives by hand."""
    own = torch.tensor([[1.0, 2, 2], [3, 0, 4]], dtype=torch.float64)
    seen = torch.tensor([[2.0, 2, 1], [0, 0, 5]], dtype=torch.float64)

    loss = transfer_loss([own], [seen], normalisation)
    assert loss.item() == pytest.approx(14 / 135, abs=1e-15)


def test_per_student_parts_are_independent():
    """Per student, scaling one student's features leaves the loss; jointly, it does not."""
    own, seen = features(1, 3, 4), features(2, 3, 4)
    scaled = [2 * own[0], own[1]]

    loss = [transfer_loss(part, seen, "per_student").item() for part in (own, scaled)]
    joint = [transfer_loss(part, seen, "joint").item() for part in (own, scaled)]
    assert loss[0] == pytest.approx(loss[1], rel=1e-12)
    assert joint[0] != pytest.approx(joint[1], rel=1e-3)


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 5), min_size=1, max_size=4))
@settings(max_examples=25)
def test_joint_transfer_is_bounded(seed, sizes):
    """For features that are not negative the joint loss is at most two by the filters."""
    loss = transfer_loss(features(seed, *sizes), features(seed + 1, *sizes), "joint")

    assert 0 <= loss.item() <= 2 / sum(sizes) + 1e-12


def test_a_dead_map_is_no_fault():
    """Features that are all zero stay zero, and so does their gradient."""
    dead = torch.zeros((2, 3), requires_grad=True)

    unit(dead).square().sum().backward()
    assert torch.equal(unit(dead), torch.zeros(2, 3))
    assert torch.equal(dead.grad, torch.zeros(2, 3))
