"""Checking the specs: each file, the whole of them in each profile, and how they fit together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path as FilePath
from typing import Any

from harness.spec.alteration import alterations
from harness.spec.claim_check import claim_problems, table_problems
from harness.spec.composition import Composition, Locator, merge
from harness.spec.config_check import config_problems, profile_problems, repaired
from harness.spec.files import SpecFiles, missing_files, place
from harness.spec.problem import Path, Problem, SpecErrors
from harness.spec.pruning import entries_of, follows, pruned
from harness.spec.reader import Document
from harness.spec.scope import Scope
from harness.spec.stage_check import constant_problems, figure_problems, stage_problems
from harness.spec.translation import Locate, Place, faults
from harness.spec.tree import tree_problems
from harness.steps import Step

# More of them would help nobody to find the first.
_TOLD = 100


@dataclass(frozen=True)
class Findings:
    """What checking all specs found: how many there are, and every problem, sorted."""

    specs: int
    profiles: int
    problems: tuple[Problem, ...]


def check_specs(folder: FilePath, steps: Mapping[str, Step]) -> Findings:
    """Check every spec of a folder, composed with each of its profiles."""
    files = SpecFiles.read(folder)
    problems = _file_problems(files, folder)
    for name, profile in files.profiles.items():
        if not profile.problems:
            tree = merge(repaired(files), name)
            problems |= _examine(files, tree, steps, Locator(files, name))[1]
    number = sum(1 for _ in files.documents())
    return Findings(number, len(files.profiles), tuple(sorted(problems)))


def check_composition(
    specs: FilePath,
    tree: Mapping[str, Any],
    steps: Mapping[str, Step],
    overrides: Sequence[str] = (),
    origin: Document | None = None,
) -> Composition:
    """Return the checked composition of a composed tree.

    Parameters
    ----------
    specs
        The folder that `tree` was composed from.
    tree
        What Hydra, or `merge`, composed.
    steps
        The closed registry.
    overrides
        The overrides of the command line that are in `tree`; problems of their values name them.
    origin
        The file that `tree` was read from, when it was not composed just now; problems name it.

    Raises
    ------
    SpecErrors
        With every problem of the specs and of the tree.
    """
    files = SpecFiles.read(specs)
    profile = tree.get("profile")
    name = profile.get("name") if isinstance(profile, dict) else None
    locate: Locate = Locator(files, str(name), overrides)
    if origin is not None:
        locate = partial(place, origin)
    strange = list(islice(tree_problems(tree, locate), _TOLD))
    if strange:
        raise SpecErrors(strange)
    composition, problems = _examine(files, tree, steps, locate)
    problems |= _file_problems(files, specs)
    if problems or composition is None:
        raise SpecErrors(problems)
    return composition.model_copy(update={"ranks": _ranks(files)})


def _ranks(files: SpecFiles) -> dict[str, int]:
    return {name: document.tree["profile"]["rank"] for name, document in files.profiles.items()}


def _file_problems(files: SpecFiles, folder: FilePath) -> set[Problem]:
    strays = (problem for _, problem in profile_problems(files))
    locks = missing_files(files, folder.parent)
    return {*files.problems, *config_problems(files), *strays, *locks}


def _examine(
    files: SpecFiles, tree: Mapping[str, Any], steps: Mapping[str, Step], locate: Locate
) -> tuple[Composition | None, set[Problem]]:
    """Return the composition, without what is wrong in it by itself, and the problems."""
    strays = {path for path, _ in profile_problems(files)}
    refused = set(_refused(files))
    tree = pruned(dict(tree), strays)
    found = faults(Composition, tree, locate)
    problems = {fault.problem for fault in found if not follows(fault.path, refused)}
    problems |= set(alterations(files, tree, locate))
    broken = [*refused, *(fault.path for fault in found)]
    whole, absent = _whole(dict(tree), broken)
    if whole is None:
        return None, problems
    scope = Scope(whole, steps, tuple(files.profiles), locate, absent)
    return whole, problems | set(_cross(scope))


def _refused(files: SpecFiles) -> Iterator[Path]:
    """Yield the paths, in the composed tree, of values that the reader has refused."""
    for key, documents in files.groups.items():
        for name, document in documents.items():
            for path in document.refused:
                yield (key, name, *path)


def _whole(
    tree: dict[str, Any], broken: Iterable[Path]
) -> tuple[Composition | None, frozenset[Path]]:
    """Return the composition of what is left of `tree`, and what was taken away.

    What is taken away is as little as possible: a claim rather than all claims or the paper.
    """
    absent: set[Path] = set()
    for depth in (4, 3, 2):
        entries = entries_of(broken, depth)
        tree, absent = pruned(tree, entries), absent | entries
        broken = [fault.path for fault in faults(Composition, tree, _nowhere)]
        if not broken:
            return Composition.model_validate_json(json.dumps(tree)), frozenset(absent)
    return None, frozenset(absent)


def _nowhere(path: Path, *, key: bool = False) -> Place:
    del path, key
    return Place("", 0, 0, "")


def _cross(scope: Scope) -> Iterator[Problem]:
    for paper in scope.papers():
        yield from claim_problems(paper)
        yield from stage_problems(paper)
        yield from table_problems(paper)
        yield from figure_problems(paper)
        yield from constant_problems(paper)
