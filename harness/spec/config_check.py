"""Cross-checks of `config.yaml` and the profiles against the files that there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from harness.spec.config import MADE_BY
from harness.spec.files import GROUPS, SpecFiles, place
from harness.spec.problem import Path, Problem, near, one_of, shown
from harness.spec.reader import Document

Entry = str | dict[str, str]

# What a profile may change in a paper, but not add to it.
_SECTIONS = ("publications", "claims", "context", "stages", "tables", "figures")


def expected(files: SpecFiles) -> list[Entry]:
    """Return the entries of `defaults` for the files that there are, the profile left out."""
    return ["_self_", *(_entry(key, name) for key, names in files.groups.items() for name in names)]


def repaired(files: SpecFiles) -> SpecFiles:
    """Return the files with the `config.yaml` that they should have."""
    profile = next(iter(files.profiles), "smoke")
    tree = {"made_by": MADE_BY, "defaults": [*expected(files), {"profile": profile}]}
    return replace(files, config=replace(files.config, tree=tree))


def config_problems(files: SpecFiles) -> Iterator[Problem]:
    """Yield what is wrong with the list of what is composed."""
    entries: Any = files.config.tree.get("defaults")
    if any(problem.file == files.config.file for problem in files.problems):
        return
    if next(iter(files.config.tree)) != "made_by":
        yield _problem(files, ("made_by",), "this key comes first")
    if entries[0] != "_self_":
        said = f"{shown(_text(entries[0]))} stands first"
        yield _problem(files, ("defaults", 0), said, "'_self_' as the first entry")
    yield from _profile(files, entries)
    listed = entries[1:-1]
    wanted = [entry for entry in expected(files) if entry != "_self_"]
    for index, entry in enumerate(listed, start=1):
        path: Path = ("defaults", index)
        if entry in listed[: index - 1]:
            yield _problem(files, path, f"{_text(entry)} is listed twice", "each entry once")
        elif entry not in wanted:
            hint = near(_text(entry), map(_text, wanted))
            said = f"no spec goes with the entry {shown(_text(entry))}{hint}"
            missing = [_text(entry) for entry in wanted if entry not in listed]
            yield _problem(files, path, said, one_of(missing))
    for entry in wanted:
        if entry not in listed:
            said = f"the entry {shown(_text(entry))} is missing; its spec is there"
            yield _problem(files, ("defaults",), said)


def profile_problems(files: SpecFiles) -> Iterator[tuple[Path, Problem]]:
    """Yield what the profiles add to papers, with its path in the composed tree."""
    for document in files.profiles.values():
        papers = document.tree.get("papers")
        for name, paper in papers.items() if isinstance(papers, dict) else ():
            home = files.groups["papers"].get(name)
            if home is None:
                known = list(files.groups["papers"])
                yield _stray(document, ("papers", name), known, "paper")
            elif isinstance(paper, dict) and () not in home.refused:
                yield from _strays(document, home, name, paper)
                yield from _conflicts(document, home.tree, paper, ("papers", name))


def _strays(
    document: Document, home: Document, name: str, paper: dict[str, Any]
) -> Iterator[tuple[Path, Problem]]:
    for section in _SECTIONS:
        changed, there = paper.get(section), home.tree.get(section)
        for entry in changed if isinstance(changed, dict) else ():
            known = list(there) if isinstance(there, dict) else []
            if entry not in known:
                path = ("papers", name, section, entry)
                yield _stray(document, path, known, section.removesuffix("s"))


def _conflicts(
    document: Document, base: dict[str, Any], over: dict[str, Any], at: Path
) -> Iterator[tuple[Path, Problem]]:
    """Yield where Hydra could not merge: a list in place of a mapping, or the other way round."""
    for key, value in over.items():
        below, path = base.get(key), (*at, key)
        if isinstance(below, dict) and isinstance(value, dict):
            yield from _conflicts(document, below, value, path)
        elif {type(below), type(value)} == {dict, list}:
            said = f"{shown(value)} cannot take the place of {shown(below)}"
            yield path, Problem(*place(document, path), shown(value), said, shown(below))


def _stray(document: Document, path: Path, known: list[str], noun: str) -> tuple[Path, Problem]:
    name = str(path[-1])
    said = f"there is no {noun} {shown(name)} that a profile could change{near(name, known)}"
    return path, Problem(*place(document, path, key=True), shown(name), said, one_of(known))


def _profile(files: SpecFiles, entries: list[Entry]) -> Iterator[Problem]:
    last, path = entries[-1], ("defaults", len(entries) - 1)
    name = last.get("profile") if isinstance(last, dict) else None
    if name is None or len(last) != 1:
        said = f"{shown(_text(last))} stands last"
        yield _problem(files, path, said, "'profile: <name>' as the last entry")
    elif name not in files.profiles:
        said = f"there is no profile {shown(name)}{near(name, files.profiles)}"
        yield _problem(files, (*path, "profile"), said, one_of(files.profiles))


def _entry(key: str, name: str) -> Entry:
    folder = next(group.folder for group in GROUPS if group.key == key)
    return {f"{folder}@{key}.{name}": name}


def _text(entry: Entry) -> str:
    if isinstance(entry, str):
        return entry
    return ", ".join(f"{package}: {name}" for package, name in entry.items())


def _problem(files: SpecFiles, path: Path, said: str, allowed: str = "") -> Problem:
    return Problem(*place(files.config, path), "", said, allowed)
