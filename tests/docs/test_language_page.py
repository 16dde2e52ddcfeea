"""The page of the spec language."""

from __future__ import annotations

import re

import pytest
from documents_samples import ROOT

from harness.documents.language import page
from harness.registry import registry
from harness.spec.schema import MODELS

PAGE = page(registry(ROOT))


@pytest.mark.parametrize("kind", MODELS)
def test_every_key_of_every_model_is_told(kind: str) -> None:
    """Each key of each model of a kind of spec has a row under that model's heading."""
    made = MODELS[kind].model_json_schema()
    models = {kind: made} | {
        f"{kind}: {name}": node
        for name, node in made.get("$defs", {}).items()
        if "properties" in node
    }
    for heading, node in models.items():
        found = re.search(
            rf"^##+ {re.escape(heading)}\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL
        )
        assert found, heading
        told = re.findall(r"^\| `(\w+)` \|", found[1], re.MULTILINE)
        by = node.get("discriminator")  # one of several models: their names, not their keys
        assert told == ([by["propertyName"], *by["mapping"]] if by else list(node["properties"]))


def test_every_step_is_told() -> None:
    """Each step of the registry has a row."""
    told = re.findall(r"^\| `(\w+\.\w+)` \|", PAGE, re.MULTILINE)

    assert told == list(registry(ROOT))


def test_rows_have_the_columns_of_their_head() -> None:
    """No text of a model breaks a table."""
    for block in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1


def test_page_is_the_same_every_time() -> None:
    """The page depends on the models and the registry alone."""
    assert page(registry(ROOT)) == PAGE
