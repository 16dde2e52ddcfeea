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
    return _gather(papers, lambda paper, name: base / paper / name)


def of_inputs(inputs: Inputs, papers: Mapping[str, Paper]) -> Results:
    """Return what the inputs ``<paper>.<table or figure>`` of a step hold."""

    def place(paper: str, name: str) -> Path | None:
        key = f"{paper}.{name}"
        return inputs.path(key) if key in inputs else None

    return _gather(papers, place)


def _gather(papers: Mapping[str, Paper], place: Callable[[str, str], Path | None]) -> Results:
    return Results(
        tables={
            (key, name): _table(place(key, name), name)
            for key, paper in papers.items()
            for name in paper.tables
        },
        figures={
            (key, name): _figure(place(key, name), name)
            for key, paper in papers.items()
            for name in paper.figures
        },
    )


def _table(folder: Path | None, name: str) -> FoundTable:
    content = _bytes(folder, f"{name}.csv")
    if content is None:
        return FoundTable(None, None, f"table '{name}' has not been made")
    sha256 = hashlib.sha256(content).hexdigest()
    try:
        return FoundTable(parse(content), sha256)
    except HarnessError as error:
        return FoundTable(None, sha256, f"table '{name}' cannot be read: {error.message}")


def _figure(folder: Path | None, name: str) -> FoundFigure:
    drawn = _bytes(folder, f"{name}.svg")
    if drawn is None or _bytes(folder, f"{name}.png") is None:
        return FoundFigure(None, f"figure '{name}' has not been made")
    return FoundFigure(hashlib.sha256(drawn).hexdigest())


def _bytes(folder: Path | None, name: str) -> bytes | None:
    # The reason in the report names no path: it must be the same on every machine.
    if folder is None:
        return None
    try:
        return (folder / name).read_bytes()
    except OSError:
        return None
