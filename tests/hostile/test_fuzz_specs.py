"""The loader of specs, fed with mutations of true ones; `FUZZ_EXAMPLES` says how many."""

import tempfile
from copy import deepcopy
from functools import cache
from pathlib import Path

import yaml
from hypothesis import given
from hypothesis import strategies as st
from mutation import VALUES, bounded, mutated
from spec_samples import STEPS, write_specs

from harness.compose import compose
from harness.errors import HarnessError
from harness.spec.check import Findings, check_specs
from harness.spec.problem import render

FILES = (
    "config.yaml", "papers/sums.yaml", "device/host.yaml", "environment/torch.yaml",
    "profile/reviewer.yaml",
)  # fmt: skip


@cache
def _project():
    return write_specs(Path(tempfile.mkdtemp()))


def _check(file, content):
    """Check the project with one file changed; everything else must stay as it is."""
    specs = _project()
    good = (specs / file).read_bytes()
    (specs / file).write_bytes(content)
    try:
        before = sorted(specs.parent.rglob("*"))
        found = check_specs(specs, STEPS)
        assert isinstance(found, Findings)
        assert render(found.problems).replace("\n", "").isprintable()
        assert all(problem.file.startswith("specs/") for problem in found.problems)
        assert sorted(specs.parent.rglob("*")) == before
    finally:
        (specs / file).write_bytes(good)


@bounded
@given(st.sampled_from(FILES), st.data())
def test_a_damaged_spec_gives_problems_and_nothing_else(file, data):
    """Bytes cut, turned, doubled or put in: problems with a place, printable, in bounded time."""
    _check(file, data.draw(mutated([(_project() / file).read_bytes()])))


def _places(value, path=()):
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        yield (*path, key)
        if isinstance(item, dict | list):
            yield from _places(item, (*path, key))


@bounded
@given(st.sampled_from(FILES), st.data())
def test_a_spec_of_another_shape_gives_problems_and_nothing_else(file, data):
    """Any value in place of any other one: problems with a place, and no other end."""
    text = (_project() / file).read_text(encoding="utf-8")
    tree = yaml.safe_load(text)
    for _ in range(data.draw(st.integers(1, 3))):
        *above, last = data.draw(st.sampled_from(sorted(_places(tree), key=repr)))
        node = tree
        for key in above:
            node = node[key]
        if data.draw(st.booleans()):
            node[last] = data.draw(st.sampled_from(VALUES).map(deepcopy))
        else:
            del node[last]
        if not tree:
            break
    header = "# @package _global_\n" if file.startswith("profile") else ""
    _check(file, (header + yaml.safe_dump(tree, allow_unicode=True)).encode())


WORDS = st.sampled_from(
    ("papers", "sums", "stages", "numbers", "params", "count", "profile", "smoke", ".", "=", "@",
     ":", "/", "..", "+", "~", "[", "]", "{", "}", ",", "'", '"', "\\", "${", "}", "oc.env:HOME",
     "1", "e9", "null", "glob(*)", " ", "\n", "_target_", "hydra", "é", "$(id)")
)  # fmt: skip


@bounded
@given(st.lists(WORDS, max_size=12).map("".join))
def test_any_override_is_taken_or_refused(text):
    """Whatever is written on the command line: a tree without interpolations, or a message."""
    try:
        composed = compose(_project(), [text])
    except HarnessError as error:
        assert str(error).replace("\n", "").isprintable()  # noqa: PT017 - either end is right
        return

    assert "${" not in composed.text
