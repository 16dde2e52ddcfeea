"""pydantic's errors as problems that an author understands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from pydantic import BaseModel, ValidationError

from harness.reason import own_words
from harness.spec import words
from harness.spec.problem import Path, Problem, near, shown

# Of the errors of one model: each is put into words, and a file of nonsense has thousands.
_MOST = 500


class Place(NamedTuple):
    """Where a value stands: the file, line and column, and its name in that file."""

    file: str
    line: int
    column: int
    field: str


class Locate(Protocol):
    """Finds the place of a path, or of its key; the nearest place above when it has none."""

    def __call__(self, path: Path, *, key: bool = False) -> Place:
        """Return the place of the value at `path`, or of its key."""
        ...


class Fault(NamedTuple):
    """An error of a model: its path in the tree and its problem."""

    path: Path
    problem: Problem


def faults(model: type[BaseModel], tree: Any, locate: Locate, at: Path = ()) -> list[Fault]:
    """Return what `model` has against `tree`, which stands at the path `at`.

    The tree is validated as JSON: a strict model then takes a list for a tuple, and nothing else
    for what it is not.
    """
    try:
        model.model_validate_json(json.dumps(tree))
    except ValidationError as error:
        return _Translation(model, tree, locate, at).faults(error)
    return []


def path_in(tree: Any, detail: Any) -> Path:
    """Return where in `tree` an error of pydantic's is: without the names of a union's branches."""
    path: list[str | int] = []
    node = tree
    for part in detail["loc"]:
        if _holds(node, part):
            node = node[part]
            path.append(part)
    if detail["type"] == "missing":
        path.append(detail["loc"][-1])
    elif detail["type"].startswith("union_tag"):
        path.append(detail["ctx"]["discriminator"].strip("'"))
    return tuple(path)


class _Translation:
    def __init__(self, model: type[BaseModel], tree: Any, locate: Locate, at: Path) -> None:
        self.schema = model.model_json_schema()
        self.tree = tree
        self.locate = locate
        self.at = at

    def faults(self, error: ValidationError) -> list[Fault]:
        """Return one fault for each place; the branches of a union have one together."""
        found: dict[Path, list[Any]] = {}
        for detail in error.errors(include_url=False)[:_MOST]:
            found.setdefault(path_in(self.tree, detail), []).append(detail)
        return [
            self._fault(path, details)
            for path, details in found.items()
            if not _other_branch(path, details, found)
        ]

    def _fault(self, path: Path, details: list[Any]) -> Fault:
        detail = details[0]
        if detail["type"] == "extra_forbidden":
            return self._unknown(path)
        key = detail["loc"][-1:] == ("[key]",)
        if not key and (detail["type"] == "missing" or self._absent(path)):
            return self._missing(path)
        value = str(path[-1]) if key else self._value(path)
        if (own := own_words(detail)) is not None:
            said, allowed = own, ""
        elif key:
            said, allowed = self._on_key(path)
        else:
            said = self._said(path, value, details)
            allowed = words.allowed(self.schema, path, self.tree)
        return Fault(path, self._problem(path, shown(value), said, allowed, key=key))

    def _problem(
        self, path: Path, value: str, said: str, allowed: str, *, key: bool = False
    ) -> Problem:
        return Problem(*self.locate((*self.at, *path), key=key), value, said, allowed)

    def _on_key(self, path: Path) -> tuple[str, str]:
        """Return what is wrong with a key, and what may stand there."""
        name = str(path[-1])
        said = f"{shown(name)} cannot be a key here{near(name, self._names(path[:-1]))}"
        return said, words.key_words(self.schema, path[:-1])

    def _names(self, path: Path) -> list[str]:
        return words.keys(self.schema, path, self.tree)

    def _unknown(self, path: Path) -> Fault:
        name, known = str(path[-1]), self._names(path[:-1])
        said = f"unknown key {shown(name)}{near(name, known)}"
        allowed = ", ".join(known) or "no key"
        return Fault(path, self._problem(path, shown(name), said, allowed, key=True))

    def _missing(self, path: Path) -> Fault:
        place = self.locate((*self.at, *path[:-1]), key=True)
        name = str(path[-1])
        field = f"{place.field}.{name}" if place.field else name
        allowed = words.allowed(self.schema, path, self.tree)
        return Fault(path, Problem(*place[:3], field, "", "is missing", allowed))

    def _absent(self, path: Path) -> bool:
        node = self._value(path[:-1]) if path else None
        return isinstance(node, Mapping) and path[-1] not in node

    def _value(self, path: Path) -> Any:
        node = self.tree
        for part in path:
            node = node[part]
        return node

    def _said(self, path: Path, value: Any, details: list[Any]) -> str:
        if value is None:
            return "has no value"
        if len({detail["type"] for detail in details}) > 1:
            return f"{shown(value)} is not allowed here"
        kind = details[0]["type"]
        if kind in _SENTENCES:
            return _SENTENCES[kind].format(shown(value)) + _advice(kind, value)
        if isinstance(value, str):
            known = words.choices(self.schema, path, self.tree)
            return f"{shown(value)} is not one of the choices{near(value, known)}"
        return f"{shown(value)} is not allowed here"


_SENTENCES = {
    "int_type": "{} is not a whole number",
    "int_from_float": "{} is not a whole number",
    "float_type": "{} is not a number",
    "bool_type": "{} is not true or false",
    "string_type": "{} is not text",
    "string_pattern_mismatch": "{} does not have the right form",
    "string_too_short": "{} is too short",
    "string_too_long": "{} is too long",
    "greater_than": "{} is too small",
    "greater_than_equal": "{} is too small",
    "less_than": "{} is too large",
    "less_than_equal": "{} is too large",
    "multiple_of": "{} is not one of the steps",
    "too_short": "{} has too few entries",
    "too_long": "{} has too many entries",
    "dict_type": "{} is not a mapping",
    "model_type": "{} is not a mapping",
    "model_attributes_type": "{} is not a mapping",
    "tuple_type": "{} is not a list",
    "list_type": "{} is not a list",
}


def _other_branch(path: Path, details: list[Any], found: Mapping[Path, object]) -> bool:
    """Whether the errors at `path` are those of a union's branches that were not meant.

    Another branch has taken the mapping or list, and has something against what is in it. (A
    list is also too short when what is in it is wrong.)
    """
    kinds = {detail["type"] for detail in details}
    shallow = all(kind.endswith(("_type", "literal_error", "too_short")) for kind in kinds)
    return shallow and any(len(p) > len(path) and p[: len(path)] == path for p in found)


def _advice(kind: str, value: Any) -> str:
    scalar = isinstance(value, bool | int | float)
    return "; quote it when it is meant as text" if kind == "string_type" and scalar else ""


def _holds(node: Any, part: str | int) -> bool:
    if isinstance(part, int):
        return isinstance(node, list) and part < len(node)
    return isinstance(node, Mapping) and part in node
