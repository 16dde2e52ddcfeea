"""What a profile or an override may not alter: what is claimed, and what counts as agreement.

Both are declared before anything runs. A profile may say from which size on a claim can be
decided; a tolerance that is wider, a number that is another or a claim that is left out would
make an agreement out of a miss.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.spec.files import SpecFiles
from harness.spec.problem import Path, Problem, shown
from harness.spec.translation import Locate

_SECTIONS = ("claims", "context")
_FREE = "decided_from"
_ABSENT = object()


def alterations(files: SpecFiles, tree: Mapping[str, Any], locate: Locate) -> Iterator[Problem]:
    """Yield a problem for each part of a claim that is not as the paper's file has it.

    Parameters
    ----------
    files
        The specs.
    tree
        What was composed of them, with a profile and perhaps with overrides.
    locate
        Finds where a value was written.
    """
    papers = tree.get("papers")
    for name, document in files.groups["papers"].items():
        paper = papers.get(name) if isinstance(papers, Mapping) else None
        if isinstance(paper, Mapping) and () not in document.refused:
            for section in _SECTIONS:
                was, now = document.tree.get(section, {}), paper.get(section, {})
                yield from _altered(was, now, ("papers", name, section), locate)


def _altered(was: Any, now: Any, at: Path, locate: Locate) -> Iterator[Problem]:
    for path in _differences(was, now, at):
        field = ".".join(map(str, path[3:])) or str(at[-1])
        said = f"{shown(field)} is not as the paper's file has it"
        allowed = f"the same in every profile; only '{_FREE}' may change"
        yield Problem(*locate(path), "", said, allowed)


def _differences(was: Any, now: Any, at: Path) -> Iterator[Path]:
    if not (isinstance(was, Mapping) and isinstance(now, Mapping)):
        if was != now or isinstance(was, bool) != isinstance(now, bool):
            yield at
        return
    for key in {**was, **now}:
        path = (*at, key)
        if not (len(path) == 5 and key == _FREE):
            yield from _differences(was.get(key, _ABSENT), now.get(key, _ABSENT), path)
