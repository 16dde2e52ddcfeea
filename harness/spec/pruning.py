"""Taking out of a composed tree what is wrong by itself, so that the rest can be checked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.spec.problem import Path

STAND_IN = "stand-in"
"""The name of a publication that no author wrote."""

# What a paper, and a composition, cannot be without; these stand in for what is wrong.
_PUBLICATION = {"title": "?", "venue": "?", "year": 2000, "licence": "?", "doi": "10.0000/none"}
_PAPER: dict[str, Any] = {
    "title": "?",
    "authors": ["?"],
    "seeds": [0],
    "publications": {STAND_IN: _PUBLICATION},
}
_PROFILE = {"name": "none", "rank": 0, "says": "?"}


def follows(path: Path, causes: Iterable[Path]) -> bool:
    """Whether a fault at `path` may be caused by what is wrong at one of `causes`.

    A value that was refused is missing from all that holds it, and from all below it.
    """
    return any(path[: len(cause)] == cause or cause[: len(path)] == path for cause in causes)


def entries_of(paths: Iterable[Path], depth: int) -> set[Path]:
    """Return the entries that hold `paths`.

    Of a paper: with depth 4 an entry (`papers.nonn.claims.node-memory`), with depth 3 a field,
    with depth 2 the paper. Of all else: a dataset, device or environment, or a profile's field.
    """
    return {path[: depth if path[:1] == ("papers",) else 2] for path in paths}


def pruned(tree: dict[str, Any], entries: Iterable[Path]) -> dict[str, Any]:
    """Return `tree` without the entries, with stand-ins for what it cannot be without."""
    for entry in entries:
        tree = _without(tree, entry)
    papers, profile = tree.get("papers"), tree.get("profile")
    if isinstance(papers, dict):
        tree = {**tree, "papers": {name: _completed(paper) for name, paper in papers.items()}}
    return {**tree, "profile": {**_PROFILE, **(profile if isinstance(profile, dict) else {})}}


def _without(tree: dict[str, Any], path: Path) -> dict[str, Any]:
    if not path or path[0] not in tree:
        return tree
    key = str(path[0])
    below = tree[key]
    if len(path) > 1 and isinstance(below, dict):
        return {**tree, key: _without(below, path[1:])}
    return {name: value for name, value in tree.items() if name != key}


def _completed(paper: Any) -> Any:
    if not isinstance(paper, dict):
        return paper
    return {**_PAPER, **{key: v for key, v in paper.items() if v or key not in _PAPER}}
