"""The generated JSON Schema: fresh, and of the same opinion as the models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from spec_samples import DEVICE, PAPER, STEPS

from harness.project import Project
from harness.registry import registry
from harness.spec.schema import MODELS, files, schema, step_page
from harness.spec.words import PATTERNS

ROOT = Project.find(Path(__file__)).root
KINDS = {"papers": "paper"}


def test_the_committed_copies_are_fresh() -> None:
    """`harness schema` would write nothing."""
    stale = [name for name, content in files().items() if (ROOT / name).read_bytes() != content]

    assert stale == []


@pytest.mark.parametrize("kind", MODELS)
def test_each_schema_is_a_schema(kind: str) -> None:
    """An editor can load it."""
    Draft202012Validator.check_schema(schema(kind))


def errors(kind: str, tree: Any) -> list[str]:
    """Return what the JSON Schema has against a tree."""
    return [error.json_path for error in Draft202012Validator(schema(kind)).iter_errors(tree)]


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "specs").rglob("*.yaml")),
    ids=lambda path: f"{path.parent.name}-{path.stem}",
)
def test_our_specs_satisfy_their_schema(path: Path) -> None:
    """What `harness validate` accepts, an editor accepts."""
    kind = (
        "config" if path.parent.name == "specs" else KINDS.get(path.parent.name, path.parent.name)
    )

    assert errors(kind, yaml.safe_load(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "specs").rglob("*.yaml")),
    ids=lambda path: f"{path.parent.name}-{path.stem}",
)
def test_every_spec_names_its_schema(path: Path) -> None:
    """Editors find the schema by the line that each spec begins with."""
    kind = (
        "config" if path.parent.name == "specs" else KINDS.get(path.parent.name, path.parent.name)
    )
    folder = "schema" if kind == "config" else "../schema"
    head = path.read_text(encoding="utf-8").splitlines()[:2]

    assert f"# yaml-language-server: $schema={folder}/{kind}.schema.json" in head


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("title:", "titel:", "$"),
        ("year: 2020", "year: 20", "$.publications.talk.year"),
        ("certainty: table", "certainty: sure", "$.claims['large-sum'].source.certainty"),
        ("large-sum:", "Large Sum:", "$.claims"),
        ("per_seed: true", "per_seed: maybe", "$.stages.numbers.per_seed"),
        ("digits: 2", "digits: 99", "$.tables.totals.columns.total.digits"),
        ("rows: [total.rows]", "rows: [total]", "$.tables.totals.rows[0]"),
    ],
)
def test_an_editor_marks_what_validation_refuses(old: str, new: str, place: str) -> None:
    """A bad example fails where it is bad."""
    assert errors("paper", yaml.safe_load(PAPER)) == []
    assert place in errors("paper", yaml.safe_load(PAPER.replace(old, new, 1)))


def test_an_editor_knows_what_a_profile_may_change() -> None:
    """In a profile a paper needs no key, and still has no unknown one."""
    card = {"name": "smoke", "rank": 0, "says": "small"}
    good = {"profile": card, "papers": {"sums": {"stages": {"numbers": {"params": {"count": 1}}}}}}
    bad = {"profile": card, "papers": {"sums": {"stagse": {}}}}

    assert errors("profile", good) == []
    assert errors("profile", bad) == ["$.papers.sums"]


def test_an_editor_accepts_the_smallest_device() -> None:
    """The examples of these tests are good ones."""
    assert errors("device", yaml.safe_load(DEVICE)) == []


def patterns(node: Any) -> Iterator[str]:
    """Yield every pattern of a schema."""
    if isinstance(node, list):
        for item in node:
            yield from patterns(item)
    elif isinstance(node, dict):
        yield from node.get("patternProperties", {})
        if isinstance(node.get("pattern"), str):
            yield node["pattern"]
        for value in node.values():
            yield from patterns(value)


def test_every_pattern_has_words() -> None:
    """No message shows a regular expression to an author."""
    schemas = [schema(kind) for kind in MODELS]
    schemas += [step.params.model_json_schema() for step in registry(ROOT).values()]

    assert {pattern for made in schemas for pattern in patterns(made)} - set(PATTERNS) == set()


def test_a_step_is_shown_with_what_it_takes_and_makes() -> None:
    """`harness schema --step` is enough to write a stage."""
    assert step_page("sums.draw", STEPS["sums.draw"]).splitlines() == [
        "sums.draw",
        "  What the numbers are.",
        "  params:",
        "    count   a whole number, at least 1 (required)",
        "    rate    a number, more than 0 (default 0.1)",
        "    spread  a list, each a number (default [])",
        "  inputs:",
        "    images  arrays, optional",
        "  outputs:",
        "    values  arrays",
        "    log     record",
    ]


def test_the_editor_maps_every_kind_of_spec() -> None:
    """The settings map each schema to the specs that it describes."""
    settings = json.loads(files()[".vscode/settings.json"])["yaml.schemas"]

    assert set(settings) == {f"./specs/schema/{kind}.schema.json" for kind in MODELS}
    assert all(place.startswith("specs/") for place in settings.values())
