"""Reading one YAML file strictly: its values, where each stands, and everything wrong with it.

A spec uses the part of YAML that every reader understands in the same way: mappings with text as
keys, lists, and scalars whose type is certain. Anchors, aliases, merge keys, tags, directives,
several documents, interpolations and Hydra's own keys are refused. What is accepted has the value
that Hydra reads from the same file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from harness.spec.problem import Path, Problem, SpecErrors, field_name, shown
from harness.spec.scalar import key_fault, plain_key_fault, resolve, text_fault
from harness.spec.source import LARGEST_FILE, decode
from harness.spec.syntax import explain

DEEPEST = 32
"""Levels of mappings and lists."""

# Checking takes longer than reading: both are bounded by what a spec can sensibly hold.
_BYTES_A_VALUE = 50
_MOST_PROBLEMS = 200

GLOBAL = "# @package _global_"
"""Hydra's header: the first line of a profile, which is merged at the root."""

_BLOCK = re.compile(r"[|>][-+0-9]*(?:[ \n]|\Z)")


class Mark(NamedTuple):
    """A place in a file, both numbers from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Document:
    """One spec file as it was read.

    Parameters
    ----------
    file
        Its path relative to the project's folder.
    tree
        The values.
    values, keys
        Where every value, and every key of a mapping, stands.
    problems
        Everything that was refused.
    refused
        The paths of refused values; None stands in their place in `tree`.
    is_global
        Whether line 1 is Hydra's header that merges the file at the root.
    """

    file: str
    tree: dict[str, Any] = field(default_factory=dict)
    values: Mapping[Path, Mark] = field(default_factory=dict)
    keys: Mapping[Path, Mark] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    refused: frozenset[Path] = frozenset()
    is_global: bool = False


def load(file: str, content: bytes) -> Document:
    """Return the document of a file that has no problem; raise SpecErrors otherwise."""
    document = read(file, content)
    if document.problems:
        raise SpecErrors(document.problems)
    return document


def read(file: str, content: bytes, largest: int = LARGEST_FILE) -> Document:
    """Return the document of a file of at most `largest` bytes, with all of its problems."""
    text, problems = decode(file, content, largest)
    if problems:
        return Document(file, problems=tuple(problems), refused=frozenset({()}))
    reading = _Reading(file, largest // _BYTES_A_VALUE)
    reading.header(text)
    reading.follow(text)
    return reading.document()


@dataclass
class _Frame:
    """A mapping or list that is being read."""

    path: Path
    items: dict[str, Any] | list[Any]
    flow: bool
    key: str | None = None
    skip: bool = False  # the value of a refused key is read, for its problems, and dropped


class _Reading:
    """The events of one file, followed without recursion: nesting cannot exhaust the stack."""

    def __init__(self, file: str, most: int) -> None:
        self.file = file
        self.most = most
        self.stack: list[_Frame] = []
        self.values: dict[Path, Mark] = {}
        self.keys: dict[Path, Mark] = {}
        self.problems: list[Problem] = []
        self.refused: set[Path] = set()
        self.tree: Any = None
        self.documents = 0
        self.is_global = False
        self.text = ""

    def document(self) -> Document:
        """Return what was read."""
        tree = self.tree
        if not isinstance(tree, dict):
            if () not in self.refused:
                message = "the file is empty" if tree is None else f"the file holds {shown(tree)}"
                self.refuse((), self.values.get((), Mark(1, 1)), "", message, "a mapping")
            tree = {}
        problems, refused = tuple(self.problems), frozenset(self.refused)
        return Document(self.file, tree, self.values, self.keys, problems, refused, self.is_global)

    def refuse(self, path: Path, mark: Mark, value: str, message: str, allowed: str = "") -> None:
        """Record a problem of the value at `path`."""
        name = field_name(path)
        self.problems.append(Problem(self.file, *mark, name, value, message, allowed))
        self.refused.add(path)

    def header(self, text: str) -> None:
        """Refuse a package header other than a profile's: Hydra would move the whole file."""
        lines = text.split("\n", 20)[:20]
        self.is_global = lines[0].rstrip() == GLOBAL
        for number, line in enumerate(lines[self.is_global :], start=1 + self.is_global):
            if re.match(r"\s*#\s*@", line):
                message = f"{shown(line.strip())} is a header of Hydra's that moves the file"
                allowed = f"none, but '{GLOBAL}' on line 1 of a profile"
                self.refuse((), Mark(number, 1), shown(line.strip()), message, allowed)

    def follow(self, text: str) -> None:
        """Read the whole text."""
        self.text = text
        try:
            for event in yaml.parse(text, yaml.CSafeLoader):
                if self._is_too_much(_mark(event.start_mark)) or not self._take(event):
                    self.refused.add(())
                    return
        except yaml.MarkedYAMLError as error:
            self.refuse((), _mark(error.problem_mark or error.context_mark), "", explain(error))
        except yaml.YAMLError:
            self.refuse((), Mark(1, 1), "", "the file is not YAML")

    def _is_too_much(self, mark: Mark) -> bool:
        """Whether there is so much, or so much wrong, that the rest is not read."""
        if len(self.values) > self.most:
            self.refuse((), mark, "", f"the file holds more than {self.most} values")
        elif len(self.problems) >= _MOST_PROBLEMS:
            said = f"{len(self.problems)} problems are enough: the rest is not read"
            self.refuse((), mark, "", said)
        else:
            return False
        return True

    def _take(self, event: yaml.Event) -> bool:
        mark = _mark(event.start_mark)
        if isinstance(event, yaml.DocumentStartEvent):
            return self._document_start(event, mark)
        if isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._end()
        elif isinstance(event, yaml.NodeEvent):
            return self._key(event, mark) if self._wants_key() else self._value(event, mark)
        return True

    def _document_start(self, event: yaml.DocumentStartEvent, mark: Mark) -> bool:
        self.documents += 1
        if self.documents > 1:
            self.refuse((), mark, "", "a second document begins here", "one document in a file")
            return False
        if event.version or event.tags:
            self.refuse((), mark, "", "directives (%YAML, %TAG) are not allowed")
        return True

    def _wants_key(self) -> bool:
        if not self.stack:
            return False
        frame = self.stack[-1]
        return isinstance(frame.items, dict) and frame.key is None

    def _key(self, event: yaml.NodeEvent, mark: Mark) -> bool:
        frame = self.stack[-1]
        fault = _key_fault(event, flow=frame.flow)
        name = event.value if isinstance(event, yaml.ScalarEvent) else "?"
        path = (*frame.path, name)
        if fault:
            self.refuse(path, mark, shown(name), fault)
        elif path in self.keys:
            first = self.keys[path]
            message = f"the key is given twice, first on line {first.line}"
            self.refuse(path, mark, shown(name), message, "each key once")
        again = path in self.keys
        frame.key, frame.skip = (f"{name} (again)" if again else name), again or fault is not None
        self.keys.setdefault(path, mark)
        # After a mapping or a list as a key nothing below can be told apart.
        return isinstance(event, yaml.ScalarEvent | yaml.AliasEvent)

    def _value(self, event: yaml.NodeEvent, mark: Mark) -> bool:
        path = self._path()
        self.values.setdefault(path, mark)
        self._node_faults(event, path, mark)
        if isinstance(event, yaml.ScalarEvent):
            self._place(self._scalar(event, path, mark))
        elif isinstance(event, yaml.AliasEvent):
            self._place(None)
        elif len(self.stack) == DEEPEST:
            self.refuse(path, mark, "", f"nested deeper than {DEEPEST} levels")
            return False
        elif isinstance(event, yaml.CollectionStartEvent):
            self.stack.append(_Frame(path, _empty(event), flow=bool(event.flow_style)))
        return True

    def _node_faults(self, event: yaml.NodeEvent, path: Path, mark: Mark) -> None:
        if isinstance(event, yaml.AliasEvent):
            message = "aliases (*name) are not allowed; write the value out"
            self.refuse(path, mark, f"'*{event.anchor}'", message)
            return
        if event.anchor is not None:
            message = "anchors (&name) are not allowed; write the value out where it is needed"
            self.refuse(path, mark, f"'&{event.anchor}'", message)
        tag = getattr(event, "tag", None)
        if tag is not None:
            message = f"the tag {shown(tag)} is not allowed; values have no tags"
            self.refuse(path, mark, shown(tag), message)

    def _scalar(self, event: yaml.ScalarEvent, path: Path, mark: Mark) -> Any:
        text: str = event.value
        fault = text_fault(text)
        if fault:
            self.refuse(path, mark, shown(text), fault)
            return None
        self._laxness(event, path, mark)
        if event.style or event.tag is not None:
            return text
        try:
            return resolve(text)
        except ValueError as error:
            self.refuse(path, mark, shown(text), f"{shown(text)} has no certain meaning: {error}")
            return None

    def _laxness(self, event: yaml.ScalarEvent, path: Path, mark: Mark) -> None:
        """Refuse what libyaml accepts and the reader that Hydra uses does not."""
        start: Any = event.start_mark
        if event.style in ("|", ">") and not _BLOCK.match(self.text, start.index):
            self.refuse(path, mark, "", "a space is missing before this line's comment")
        if not event.style and "?" in event.value and self.stack and self.stack[-1].flow:
            message = f"{shown(event.value)} holds a '?' between brackets; quote it"
            self.refuse(path, mark, shown(event.value), message)

    def _path(self) -> Path:
        if not self.stack:
            return ()
        frame = self.stack[-1]
        last = frame.key if isinstance(frame.items, dict) else len(frame.items)
        return (*frame.path, "?" if last is None else last)

    def _place(self, value: Any) -> None:
        if not self.stack:
            self.tree = value
            return
        frame = self.stack[-1]
        if isinstance(frame.items, list):
            frame.items.append(value)
            return
        if not frame.skip and frame.key is not None:
            frame.items[frame.key] = value
        frame.key, frame.skip = None, False

    def _end(self) -> None:
        self._place(self.stack.pop().items)


def _mark(mark: Any) -> Mark:
    return Mark(1, 1) if mark is None else Mark(mark.line + 1, mark.column + 1)


def _empty(event: yaml.NodeEvent) -> dict[str, Any] | list[Any]:
    return {} if isinstance(event, yaml.MappingStartEvent) else []


def _key_fault(event: yaml.NodeEvent, *, flow: bool) -> str | None:
    """Return why a key is refused."""
    if not isinstance(event, yaml.ScalarEvent):
        return "a key is text, not an alias, a mapping or a list"
    if event.anchor is not None or event.tag is not None:
        return "a key has no anchor and no tag"
    text: str = event.value
    if event.style in ("|", ">") or (flow and not event.style and "?" in text):
        return "a key is one word, or text in quotes"
    return (None if event.style else plain_key_fault(text)) or key_fault(text)
