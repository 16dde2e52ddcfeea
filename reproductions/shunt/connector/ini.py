"""An INI file as the standard library's configparser reads it, with lines and all its faults."""

from __future__ import annotations

import re
from collections.abc import Mapping
from configparser import ConfigParser
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.spec.problem import Path as Keys
from harness.spec.problem import Problem, field_name, shown
from harness.spec.translation import Place

Source = str | Path | ConfigParser | Mapping[str, Mapping[str, Any]]
"""A path, the text itself (which has a line break), a ConfigParser, or sections with values."""

# The release writes the first and reads the second; a file with either is meant alike.
_ALIASES = {"from file": "from_file"}
_SECTION = re.compile(r"\[(?P<name>[^\]]+)\]")
_ENTRY = re.compile(r"(?P<key>[^=:]*?)\s*[=:]\s*(?P<value>.*)")


@dataclass
class Document:
    """What an INI file says.

    Parameters
    ----------
    file
        Its name in messages.
    tree
        The texts by section and key; keys in lower case, as configparser has them.
    places
        Line and column of every section's header, of every key and of every value.
    problems
        Lines that are none of INI.
    """

    file: str
    tree: dict[str, dict[str, str]] = field(default_factory=dict)
    places: dict[tuple[str, ...], tuple[int, int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def locate(self, path: Keys, *, key: bool = False) -> Place:
        """Return the place of a value or of its key; the nearest place above when it has none."""
        for length in range(len(path), 0, -1):
            found = self.places.get(tuple(map(str, path[:length])))
            if found is not None:
                line, of_key, of_value = found
                exact = length == len(path) and not key
                return Place(self.file, line, of_value if exact else of_key, field_name(path))
        return Place(self.file, 0, 0, field_name(path))


def read(source: Source) -> Document:
    """Return what `source` says.

    Raises
    ------
    HarnessError
        There is no such file, or it is no text.
    """
    if isinstance(source, ConfigParser):
        return _of_mapping("ConfigParser", {name: source[name] for name in source.sections()})
    if isinstance(source, Mapping):
        return _of_mapping("mapping", source)
    if isinstance(source, str) and "\n" in source:
        return parse("text", source)
    return parse(str(source), _content(Path(source)))


def _content(path: Path) -> str:
    if not path.is_file():
        raise HarnessError(
            f"{path}: there is no such configuration file",
            f"examples lie in {Path(__file__).with_name('configs')}",
        )
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise HarnessError(f"{path}: it is no text in UTF-8: {error.reason}") from error


def _of_mapping(name: str, sections: Mapping[str, Mapping[str, Any]]) -> Document:
    document = Document(name)
    for section, values in sections.items():
        if not isinstance(values, Mapping):
            said = f"{shown(values)} is no section"
            document.problems.append(Problem(name, 0, 0, str(section), shown(values), said))
            continue
        document.tree[str(section)] = {
            _key(str(key)): "" if value is None else str(value) for key, value in values.items()
        }
    return document


def _key(text: str) -> str:
    name = text.lower()
    return _ALIASES.get(name, name)


def parse(file: str, text: str) -> Document:
    """Return what the lines of `text` say; `file` is their name in messages."""
    return _Parser(Document(file)).parse(text)


class _Parser:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.section: str | None = None
        self.key: str | None = None
        self.indent = 0

    def parse(self, text: str) -> Document:
        for number, line in enumerate(text.splitlines(), start=1):
            stripped = line.strip()
            if stripped and stripped[0] not in "#;":
                self._line(number, line, stripped)
        return self.document

    def _line(self, number: int, line: str, stripped: str) -> None:
        indent = len(line) - len(line.lstrip())
        if self.section is not None and self.key is not None and indent > self.indent:
            # As in configparser, a line that is indented deeper continues the value before it.
            self.document.tree[self.section][self.key] += f"\n{stripped}"
            return
        self.indent, self.key = indent, None
        header = _SECTION.match(stripped)
        if header:
            self._header(number, indent + 1, header["name"])
            return
        entry = _ENTRY.fullmatch(stripped)
        if entry is None or not entry["key"]:
            self._wrong(number, indent + 1, "", stripped, "is no [SECTION] and no 'key = value'")
        elif self.section is None:
            self._wrong(number, indent + 1, "", stripped, "stands before the first [SECTION]")
        else:
            self._entry(self.section, number, indent + 1, entry)

    def _header(self, number: int, column: int, name: str) -> None:
        self.section = name
        if name in self.document.tree:
            self._wrong(number, column, name, name, "is a section that is given twice")
            return
        self.document.tree[name] = {}
        self.document.places[name,] = (number, column, column)

    def _entry(self, section: str, number: int, column: int, entry: re.Match[str]) -> None:
        self.key = _key(entry["key"])
        if self.key in self.document.tree[section]:
            self._wrong(number, column, f"{section}.{self.key}", self.key, "is given twice")
        self.document.tree[section][self.key] = entry["value"]
        self.document.places[section, self.key] = (number, column, column + entry.start("value"))

    def _wrong(self, number: int, column: int, name: str, value: str, said: str) -> None:
        text = shown(value)
        self.document.problems.append(
            Problem(self.document.file, number, column, name, text, f"{text} {said}")
        )
