"""The JSON Schema of the specs, for editors and for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from harness.spec import words
from harness.spec.config import Config
from harness.spec.dataset import Dataset
from harness.spec.device import DeviceSpec
from harness.spec.environment import Environment
from harness.spec.paper import Paper
from harness.spec.profile import Profile
from harness.steps import Step

MODELS: Mapping[str, type[BaseModel]] = {
    "config": Config,
    "paper": Paper,
    "profile": Profile,
    "dataset": Dataset,
    "device": DeviceSpec,
    "environment": Environment,
}
"""The model of each kind of spec."""

# Where the specs of each kind lie, as editors match them.
_PLACES = {
    "config": "specs/config.yaml",
    "paper": "specs/papers/*.yaml",
    "profile": "specs/profile/*.yaml",
    "dataset": "specs/dataset/*.yaml",
    "device": "specs/device/*.yaml",
    "environment": "specs/environment/*.yaml",
}

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(kind: str) -> dict[str, Any]:
    """Return the JSON Schema of one kind of spec, a key of `MODELS`."""
    made = MODELS[kind].model_json_schema()
    if kind == "profile":
        made = _with_papers(made)
    return {"$schema": _DIALECT, **_closed(made)}


def files() -> dict[str, bytes]:
    """Return the generated files by their path in the project."""
    made = {f"specs/schema/{kind}.schema.json": _dump(schema(kind)) for kind in MODELS}
    mapping = {f"./specs/schema/{kind}.schema.json": place for kind, place in _PLACES.items()}
    return {**made, ".vscode/settings.json": _dump({"yaml.schemas": mapping})}


def step_schema(step: Step) -> dict[str, Any]:
    """Return the JSON Schema of a step's parameters."""
    return step.params.model_json_schema()


def step_page(name: str, step: Step) -> str:
    """Return what an author needs to know of a step: parameters, inputs and outputs."""
    made = step_schema(step)
    lines = [name, *_indented(step.params.__doc__ or "", 2)]
    lines += _section("params", _params(made))
    inputs = {
        key: f"{kind}, optional" if key in step.optional else kind
        for key, kind in step.inputs.items()
    }
    if step.more_inputs:
        inputs["<any name>"] = f"{step.more_inputs}, as many as you like"
    lines += _section("inputs", inputs)
    lines += _section("outputs", dict(step.outputs))
    return "\n".join(lines)


def _params(made: Mapping[str, Any]) -> dict[str, str]:
    required = made.get("required", ())
    return {
        key: f"{_described(made, key, node)} {_need(node, required=key in required)}"
        for key, node in made.get("properties", {}).items()
    }


def _described(made: Mapping[str, Any], key: str, node: Mapping[str, Any]) -> str:
    said = [words.allowed(made, (key,)) or "any value", node.get("description", "")]
    return ". ".join(filter(None, said))


def _need(node: Mapping[str, Any], *, required: bool) -> str:
    if required:
        return "(required)"
    default = json.dumps(node.get("default"), ensure_ascii=False)
    return "(optional)" if default == "null" else f"(default {default})"


def _section(title: str, entries: Mapping[str, str]) -> list[str]:
    if not entries:
        return [f"  {title}: none"]
    width = max(map(len, entries))
    return [f"  {title}:", *(f"    {key:{width}}  {said}" for key, said in entries.items())]


def _indented(text: str, width: int) -> list[str]:
    return [f"{'':{width}}{line.strip()}".rstrip() for line in text.strip().splitlines()]


def _with_papers(made: dict[str, Any]) -> dict[str, Any]:
    """Describe the papers of a profile by the schema of a paper in which nothing is required.

    The model of a profile cannot: what it says is only whole once it is merged into the papers.
    """
    paper = _loosened(Paper.model_json_schema())
    kinds = paper.pop("$defs")
    papers = made["properties"]["papers"]
    (pattern,) = papers["patternProperties"]
    papers["patternProperties"] = {pattern: {"$ref": "#/$defs/Paper"}}
    return {**made, "$defs": {**made["$defs"], **kinds, "Paper": paper}}


def _loosened(node: Any) -> Any:
    """Return a schema in which no key is required; a property may have a keyword's name."""
    if isinstance(node, list):
        return [_loosened(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _loosened(value)
        for key, value in node.items()
        if not (key == "required" and isinstance(value, list))
        and not (key == "minProperties" and isinstance(value, int))
    }


def _closed(node: Any) -> Any:
    """Return a schema in which a key that fits no pattern is an error, as it is for pydantic."""
    if isinstance(node, list):
        return [_closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {key: _closed(value) for key, value in node.items()}
    return {**made, "additionalProperties": False} if "patternProperties" in made else made


def _dump(value: Any) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False).encode() + b"\n"
