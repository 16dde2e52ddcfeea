"""Taking out of a composed tree what is wrong by itself, so that the rest can be checked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.spec.problem import Path

# A paper without one of these is no paper; these stand in for one that is wrong.
_STAND_INS: dict[str, Any] = {"title": "?", "authors": ["?"], "seeds": [0]}


def follows(path: Path, causes: Iterable[Path]) -> bool:
    """Whether a fault at `path` may be caused by what is wrong at one of `causes`.

    A value that was refused is missing from all that holds it, and from all below it.
    """
    return any(path[: len(cause)] == cause or cause[: len(path)] == path for cause in causes)


def entries_of(paths: Iterable[Path], depth: int) -> set[Path]:
    """Return the entries that hold `paths`.

    With depth 4 an entry of a paper (`papers.nonn.claims.node-memory`) or a field of it, with
    depth 2 a whole paper, dataset, device or environment.
    """
    return {path[: depth if path[:1] == ("papers",) else 2] for path in paths}


def pruned(tree: dict[str, Any], entries: Iterable[Path]) -> dict[str, Any]:
    """Return `tree` without the entries; a paper keeps the fields that it cannot be without."""
    for entry in entries:
        tree = _without(tree, entry)
    papers = tree.get("papers")
    if isinstance(papers, dict):
        tree = {**tree, "papers": {name: _completed(paper) for name, paper in papers.items()}}
    return tree


def _without(tree: Any, path: Path) -> Any:
    if not path or not isinstance(tree, dict) or path[0] not in tree:
        return tree
    key = str(path[0])
    if len(path) > 1:
        return {**tree, key: _without(tree[key], path[1:])}
    return {name: value for name, value in tree.items() if name != key}


def _completed(paper: Any) -> Any:
    return {**_STAND_INS, **paper} if isinstance(paper, dict) else paper
