"""The order in which stages run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError
from harness.order import needed, running_order
from harness.stage.planned import PlannedEnvironment, PlannedStage

HERE = PlannedEnvironment("harness", "environments/harness.txt", "3.11", "bytes")


@given(st.lists(st.lists(st.integers(0, 30), max_size=4), max_size=30), st.randoms())
def test_each_stage_comes_after_what_it_reads(lists, random):
    """Every name appears once, after all that it reads."""
    reads = {str(n): {str(m) for m in found if m < n} for n, found in enumerate(lists)}
    names = list(reads)
    random.shuffle(names)

    order = running_order({name: reads[name] for name in names})

    assert sorted(order) == sorted(reads)
    place = {name: n for n, name in enumerate(order)}
    assert all(place[read] < place[name] for name in reads for read in reads[name])


def test_long_chain_is_ordered():
    """A chain of ten thousand stages does not exhaust the stack."""
    reads = {str(n): [str(n + 1)] for n in range(10_000)} | {"10000": []}

    assert running_order(reads)[0] == "10000"


def test_cycle_is_refused():
    """Stages that wait for each other are named instead of waited for."""
    with pytest.raises(HarnessError, match="wait for each other: a, b\n  run `harness compile`"):
        running_order({"a": ["b"], "b": ["a"]})


def stage(name, *reads):
    """Return a stage that reads what other stages of its paper wrote."""
    writers = {read: f"p-{read}" for read in reads}
    return PlannedStage("smoke", "p", name, "p.step", "p:run", HERE, {}, {}, {}, writers=writers)


@pytest.mark.parametrize(
    ("names", "found"),
    [(["p-b"], "ab"), (["p-d", "p-b"], "abcd"), (["p-a"], "a"), ([], "abcde")],
)
def test_needed_stages_are_those_named_and_all_that_they_read(names, found):
    """What is read at any distance belongs to it, each once and in order; no name means all."""
    plans = [stage("a"), stage("b", "a"), stage("c", "b", "a"), stage("d", "c"), stage("e", "d")]

    assert [plan.stage for plan in needed(plans, names)] == list(found)
