"""Cross-checks of specs that are right by themselves."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import yaml
from check_samples import SUMS, change, problems
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spec_samples import PAPER, STEPS

from harness.spec.check import check_specs


def test_the_small_project_is_valid(specs: Path) -> None:
    """A good project has no problem, in any profile."""
    found = check_specs(specs, STEPS)

    assert (found.specs, found.profiles, found.problems) == (7, 2, ())


def test_what_refers_to_a_broken_entry_is_not_blamed(specs: Path) -> None:
    """One bad stage is one problem, although tables, figures and stages read it."""
    change(specs, SUMS, "per_seed: true", "per_seed: maybe")

    assert problems(specs).splitlines() == [
        (
            "specs/papers/sums.yaml:32:15: stages.numbers.per_seed: 'maybe' is not true or false; "
            "allowed: true or false"
        ),
        "1 problem in 1 file",
    ]


def paths_of(node: object, path: tuple = ()) -> Iterator[tuple]:
    """Yield the path of every value below the root of a tree."""
    items = node.items() if isinstance(node, dict) else enumerate(node or [])
    for key, value in items:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from paths_of(value, (*path, key))


SMALL = yaml.safe_load(PAPER)
OTHERS = st.sampled_from(
    [None, True, -1, 1.5, "", "x", "=x", "a.b", "é", [], {}, [None], [[]], {"a": {"b": [1]}}]
)


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(path=st.sampled_from(list(paths_of(SMALL))), other=OTHERS)
def test_any_value_anywhere_is_a_problem_or_valid(specs: Path, path: tuple, other: object) -> None:
    """No value in any place of a paper makes the checks fail instead of answer."""
    tree = copy.deepcopy(SMALL)
    node = tree
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = other
    (specs / SUMS).write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")

    found = check_specs(specs, STEPS).problems

    assert all(problem.file.startswith("specs/") and problem.line > 0 for problem in found)
