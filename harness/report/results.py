"""The tables and figures that exist: read once, hashed, and given to the judgement."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError
from harness.spec.paper import Paper
from harness.stage.inputs import Inputs
from harness.table.csv import Written, parse

FOLDER = "results"

_Place = Callable[[str, str], Path | None]


@dataclass(frozen=True)
class FoundTable:
    """A table as it lies there, or the reason why it cannot be used."""

    written: Written | None
    sha256: str | None
    reason: str = ""


@dataclass(frozen=True)
class FoundFigure:
    """A figure as it lies there, or the reason why it is not whole."""

    sha256: str | None
    reason: str = ""


@dataclass(frozen=True)
class Results:
    """All tables and figures of all papers, by paper and name."""

    tables: Mapping[tuple[str, str], FoundTable]
    figures: Mapping[tuple[str, str], FoundFigure]


def folder(root: Path, profile: str) -> Path:
    """Return the folder of the results of one profile."""
    return root / FOLDER / profile


def in_folder(root: Path, profile: str, papers: Mapping[str, Paper]) -> Results:
    """Return what lies in the results folder of `profile`."""
    base = folder(root, profile)
    return _gather(
        papers,
        table=lambda paper, name: base / paper / f"{name}.csv",
        figure=lambda paper, name: base / paper / name,
    )


def of_inputs(inputs: Inputs, papers: Mapping[str, Paper]) -> Results:
    """Return what the inputs of a step hold; `input_name` says what each is called."""

    def place(paper: str, name: str) -> Path | None:
        key = input_name(paper, name)
        return inputs.path(key) if key in inputs else None

    return _gather(papers, table=place, figure=place)


def input_name(paper: str, name: str) -> str:
    """Return the name of the report's input that holds a table or figure."""
    return f"{paper}__{name.replace('-', '_')}"


def _gather(papers: Mapping[str, Paper], *, table: _Place, figure: _Place) -> Results:
    return Results(
        tables={
            (key, name): _table(table(key, name), name)
            for key, paper in papers.items()
            for name in paper.tables
        },
        figures={
            (key, name): _figure(figure(key, name), name)
            for key, paper in papers.items()
            for name in paper.figures
        },
    )


def _table(path: Path | None, name: str) -> FoundTable:
    content = _bytes(path)
    if content is None:
        return FoundTable(None, None, f"table '{name}' has not been made")
    sha256 = hashlib.sha256(content).hexdigest()
    try:
        return FoundTable(parse(content), sha256)
    except HarnessError as error:
        return FoundTable(None, sha256, f"table '{name}' cannot be read: {error.message}")


def _figure(folder: Path | None, name: str) -> FoundFigure:
    drawn, pixels = (_bytes(folder and folder / f"{name}.{end}") for end in ("svg", "png"))
    if drawn is None or pixels is None:
        return FoundFigure(None, f"figure '{name}' has not been made")
    return FoundFigure(hashlib.sha256(drawn).hexdigest())


def _bytes(path: Path | None) -> bytes | None:
    # The reason in the report names no path: it must be the same on every machine.
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError:
        return None
