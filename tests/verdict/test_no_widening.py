"""No option, profile or override changes what is claimed, or how far off it may be."""

import argparse
import ast
import importlib
import inspect
import shutil
from pathlib import Path

import pytest

from harness.cli.main import COMMANDS
from harness.compose import compose
from harness.errors import HarnessError, UsageError
from harness.registry import registry
from harness.report.verdicts import evaluate, judge_all
from harness.spec.check import check_composition
from harness.verdict import judge

ROOT = Path(__file__).parents[2]
HARNESS = ROOT / "harness"

# Where a claim's tolerance is read: to judge, to show, and to check that the spec is sound.
READERS = {"verdict.py", "spec/claim.py", "spec/claim_check.py"}
# The one argument that reaches the specs: overrides of Hydra, refused for claims (below).
REACHING = {("compile", "overrides")}


def options():
    """Every argument of every command: the command, its name, and how it is written."""
    for command in COMMANDS:
        parser = argparse.ArgumentParser()
        importlib.import_module(f"harness.cli.{command}").add_arguments(parser)
        for action in parser._actions:
            if action.dest != "help":
                yield command, action.dest, " ".join(action.option_strings) or action.dest


def test_no_option_is_about_tolerances():
    """No argument of any command speaks of a tolerance, and one alone reaches the specs."""
    found = list(options())

    assert len(found) > 20
    words = ("toler", "agree", "margin", "relative", "absolute", "relax", "allow", "accept",
             "ignore", "skip", "trust", "force", "loose", "epsilon", "verdict")  # fmt: skip
    for command, name, written in found:
        assert not any(word in f"{name} {written}" for word in words), (command, written)
    assert {(command, name) for command, name, _ in found if "overrid" in name} == REACHING


def test_tolerances_are_read_in_few_places():
    """A claim's `agrees` is touched by the judgement and the checks of specs, and nowhere else."""
    readers = {
        path.relative_to(HARNESS).as_posix()
        for path in HARNESS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Attribute) and ast.unparse(node) == "claim.agrees")
        or (
            isinstance(node, ast.ImportFrom)
            and "Agreement" in {one.name for one in node.names}
            and node.module == "harness.spec.claim"
        )
    }

    assert readers <= READERS
    assert "verdict.py" in readers


def test_no_argument_of_the_judgement_is_a_tolerance():
    """What judges takes claims, cells and reasons, none of which can widen anything."""
    assert list(inspect.signature(judge).parameters) == [
        "paper", "name", "claim", "cell", "against", "undecided"]  # fmt: skip
    assert list(inspect.signature(evaluate).parameters) == ["root", "params", "failed", "doubts"]
    assert list(inspect.signature(judge_all).parameters) == ["found", "params", "failed", "doubts"]


@pytest.fixture(scope="module")
def steps():
    """Give the closed registry of the repository."""
    return registry(ROOT)


@pytest.fixture
def specs(tmp_path):
    """Give a copy of the repository's specs."""
    # With what the specs name by path, such as the record of a tuning.
    for folder in ("specs", "environments", "reproductions/nonn/deployment/tuned"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path / "specs"


def composed(specs, steps, overrides):
    """The checked composition, as `harness compile` makes it."""
    return check_composition(specs, compose(specs, overrides).tree, steps, overrides)


CLAIM = "papers.nonn.claims.payload"
OVERRIDES = [
    f"~{CLAIM}.agrees.exact +{CLAIM}.agrees.relative=0.5",
    f"+{CLAIM}.agrees.relative=0.5",
    f"{CLAIM}.agrees.exact=false",
    f"{CLAIM}.reported.value=6",
    f"{CLAIM}.reported.unit=x",
    f"+{CLAIM}.reported.bound=about",
    f"{CLAIM}.reproduced.column=nodes",
    f"{CLAIM}.reproduced.row.network=other",
    f"+{CLAIM}.needs=nothing",
    f"{CLAIM}.says=else",
    f"{CLAIM}.source.where=nowhere",
    f"~{CLAIM}",
    "~papers.nonn.claims",
]


@pytest.mark.parametrize("words", OVERRIDES)
def test_override_of_a_claim_is_refused(specs, steps, words):
    """An override that alters a claim, or takes it away, is refused and named."""
    with pytest.raises(HarnessError, match=r"override|refused") as fault:
        composed(specs, steps, words.split())

    assert "claims" in str(fault.value) or isinstance(fault.value, UsageError)


def test_refusal_says_what_may_change(specs, steps):
    """The message names the override, the field, and the one thing that may change."""
    words = OVERRIDES[1]

    with pytest.raises(HarnessError) as fault:
        composed(specs, steps, [words])

    assert f"override {words}" in str(fault.value)
    assert "is not as the paper's file has it" in str(fault.value)
    assert "only 'decided_from' may change" in str(fault.value)


def test_profile_may_not_widen(specs, steps):
    """A profile that alters a tolerance is refused with its file and line."""
    path = specs / "profile" / "smoke.yaml"
    text = path.read_text()
    changed = "    claims: {payload: {agrees: {exact: null, relative: 0.5}}}\n"
    before, paper, after = text.partition("  nonn:\n")
    path.write_text(before + paper + changed + after)

    with pytest.raises(HarnessError) as fault:
        composed(specs, steps, [])

    line = len((before + paper).splitlines()) + 1
    assert f"specs/profile/smoke.yaml:{line}:" in str(fault.value)
    assert "'payload.agrees.relative' is not as the paper's file has it" in str(fault.value)


def test_profile_may_say_from_which_size_on(specs, steps):
    """What decides a claim is the one thing of it that a profile or override may change."""
    found = composed(specs, steps, [f"+{CLAIM}.decided_from=reviewer"])

    claim = found.papers["nonn"].claims["payload"]
    assert claim.decided_from == "reviewer"
    assert claim.agrees.exact


def test_edited_parameters_are_refused(specs, steps):
    """The tree of a params.yaml in which a tolerance was altered is refused as well."""
    tree = compose(specs, []).tree
    tree["papers"]["nonn"]["claims"]["prototype-memory"]["agrees"]["relative"] = 0.5

    with pytest.raises(HarnessError, match=r"agrees\.relative' is not as the paper's file has it"):
        check_composition(specs, tree, steps)
