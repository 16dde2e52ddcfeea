"""The students: disjoint by default, on one trunk as released."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from nonn_stage import SMALL

from harness.errors import HarnessError
from harness.stage.checkpoint import Checkpoint
from harness.stage.progress import Progress
from harness.stage.run import Run
from reproductions.nonn.networks import parameters
from reproductions.nonn.params.network import MobileNetV2, Vgg, WideResNet
from reproductions.nonn.students import SharedTrunk, Students, build, disjoint, filters_of
from reproductions.nonn.weights import snapshot

WRN = WideResNet(family="wrn", depth=16, width=1)
TINY = WideResNet(family="wrn", depth=10, width=1, **SMALL)
RUN = Run("nonn", "students", 0, Checkpoint(None), Progress("students"))


def test_students_share_no_memory():
    """No parameter or statistic of one student lies in the memory of another."""
    system = Students(WRN, [49, 48])

    assert disjoint(system.nodes())
    assert [parameters(node) for node in system.nodes()] == [178_210, 178_144]
    assert parameters(system) == 178_210 + 178_144 + 980


def test_released_students_share_their_trunk():
    """As released, 174,976 parameters of each student are those of the other one too."""
    system = SharedTrunk(WRN, [49, 48])

    assert not disjoint(system.nodes())
    assert parameters(system) == 182_358
    assert parameters(system.trunk) == 174_976
    assert [parameters(node) for node in system.nodes()] == [178_210, 178_144]


@pytest.mark.parametrize(
    ("network", "lost"),
    [
        (TINY, 1),
        (Vgg(family="vgg", depth=11, multiplier=0.04, **SMALL), 0),
        (MobileNetV2(family="mobilenetv2", multiplier=0.25, **SMALL), 2),
    ],
    ids=["wrn", "vgg", "mobilenetv2"],
)
def test_released_assembly_loses_relus(network, lost):
    """The released trunk lacks the ReLUs that its base calls outside of its blocks."""

    def relus(module):
        return sum(isinstance(part, torch.nn.ReLU) for part in module.modules())

    right = Students(network, [3]).nodes()[0]
    released = SharedTrunk(network, [3]).nodes()[0]
    assert relus(right) - relus(released) == lost


def test_a_student_changes_nothing_of_the_others():
    """Training signal of one student's features reaches no parameter of another."""
    system = Students(TINY, [3, 2])
    first, second = system.nodes()
    first(torch.rand(4, 1, 8, 8)).sum().backward()

    assert all(value.grad is not None for value in first.parameters())
    assert all(value.grad is None for value in second.parameters())


def test_losing_a_student_means_subtracting_its_part():
    """The logits are the bias and, for each student, its columns of the head times its features."""
    system = build(TINY, [3, 2], compat=False, run=RUN).eval()
    x = torch.rand((5, 1, 8, 8), generator=torch.Generator().manual_seed(0))
    parts = torch.split(system.head.weight, [3, 2], dim=1)

    logits, features = system(x)
    summed = system.head.bias + sum(
        node(x) @ part.T for node, part in zip(system.nodes(), parts, strict=True)
    )
    assert features.shape == (5, 5)
    assert torch.allclose(logits, summed, atol=1e-6)


def test_students_start_apart():
    """Students of one system start from different weights, and from the same ones every time."""
    first, again = (build(TINY, [3, 3], compat=False, run=RUN) for _ in range(2))

    left, right = (next(node.parameters()) for node in first.nodes())
    assert not torch.equal(left, right)
    assert all((snapshot(again)[name] == value).all() for name, value in snapshot(first).items())


@given(st.permutations(range(9)), st.integers(1, 4))
@settings(max_examples=25)
def test_filters_are_read_in_any_order(order, students):
    """The order of the assignment's rows does not matter."""
    rows = [{"students": students, "student": f % students, "filter": f} for f in order]

    found = filters_of(rows, students)
    assert sorted(number for part in found for number in part) == list(range(9))
    assert all(list(part) == sorted(part) for part in found)


def test_a_missing_partition_is_told():
    """The message names the numbers of students that the assignment has."""
    rows = [{"students": n, "student": k, "filter": k} for n in (2, 4) for k in range(n)]

    with pytest.raises(HarnessError, match="no partition for 3 students; it has 2, 4"):
        filters_of(rows, 3)
