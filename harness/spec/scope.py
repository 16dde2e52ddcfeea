"""What the cross-checks look at: a composition, the steps, and what is known to be broken."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.spec.composition import Composition
from harness.spec.paper import Paper
from harness.spec.problem import Path, Problem, near, one_of, shown
from harness.spec.pruning import STAND_IN
from harness.spec.translation import Locate
from harness.steps import Kind, Step


@dataclass(frozen=True)
class Scope:
    """What the cross-checks look at.

    Parameters
    ----------
    composition
        The specs that are right by themselves.
    steps
        The closed registry.
    profiles
        The names of all profiles.
    locate
        Finds where a value was written.
    absent
        Paths of entries that were taken out of the composition because they are wrong by
        themselves. They exist: what refers to them is not reported.
    """

    composition: Composition
    steps: Mapping[str, Step]
    profiles: Collection[str]
    locate: Locate
    absent: frozenset[Path] = frozenset()

    def problem(self, path: Path, said: str, allowed: str = "", *, value: Any = "") -> Problem:
        """Return a problem of the value at `path` of the composed tree."""
        return Problem(*self.locate(path), shown(value) if value else "", said, allowed)

    def names(self, at: Path) -> set[str] | None:
        """Return the names of the entries at `at`; None when they cannot be known."""
        if any(at[:length] in self.absent for length in range(1, len(at) + 1)):
            return None
        node: Any = getattr(self.composition, str(at[0]))
        if len(at) == 3:
            node = getattr(node[at[1]], str(at[2]))
        broken = (path[-1] for path in self.absent if path[:-1] == at)
        return {*node, *map(str, broken)} - {STAND_IN}

    def unknown(self, at: Path, name: str, path: Path, noun: str) -> Iterator[Problem]:
        """Yield a problem when there is no `name` among the entries at `at`."""
        known = self.names(at)
        if known is not None and name not in known:
            yield self.not_among(known, name, path, noun)

    def not_among(self, known: Iterable[str], name: str, path: Path, noun: str) -> Problem:
        """Return the problem that there is no `name` among `known`."""
        known = list(known)
        said = f"there is no {noun} {shown(name)}{near(name, known)}"
        return self.problem(path, said, one_of(known), value=name)

    def papers(self) -> Iterator[PaperScope]:
        """Yield each paper."""
        for name, paper in self.composition.papers.items():
            yield PaperScope(self, name, paper)


@dataclass(frozen=True)
class PaperScope:
    """One paper of a scope; paths below are relative to the paper."""

    scope: Scope
    name: str
    paper: Paper

    @property
    def at(self) -> Path:
        """Where the paper stands in the composed tree."""
        return ("papers", self.name)

    def problem(self, path: Path, said: str, allowed: str = "", *, value: Any = "") -> Problem:
        """Return a problem of the value at `path`."""
        return self.scope.problem((*self.at, *path), said, allowed, value=value)

    def unknown(self, section: str, name: str, path: Path, noun: str) -> Iterator[Problem]:
        """Yield a problem when a section of this paper has no entry `name`."""
        yield from self.scope.unknown((*self.at, section), name, (*self.at, *path), noun)

    def not_among(self, known: Iterable[str], name: str, path: Path, noun: str) -> Problem:
        """Return the problem that there is no `name` among `known`."""
        return self.scope.not_among(known, name, (*self.at, *path), noun)

    def outputs(self, stage: str) -> Mapping[str, Kind] | None:
        """Return the outputs of a stage; None when they cannot be known."""
        spec = self.paper.stages.get(stage)
        step = self.scope.steps.get(spec.step) if spec else None
        return step.outputs if step else None

    def reference(self, reference: str, path: Path, kind: Kind | None) -> Iterator[Problem]:
        """Yield what is wrong with a reference `<stage>.<output>` to an output of this kind."""
        stage, _, output = reference.partition(".")
        yield from self.unknown("stages", stage, path, "stage")
        outputs = self.outputs(stage)
        if outputs is None:
            return
        if output not in outputs:
            yield self.not_among(outputs, output, path, f"stage '{stage}' with the output")
        elif kind is not None and outputs[output] != kind:
            said = f"{shown(reference)} is of kind {outputs[output]}, not {kind}"
            fitting = self._fitting(kind)
            yield self.problem(path, said, one_of(fitting), value=reference)

    def _fitting(self, kind: Kind) -> list[str]:
        return [
            f"{stage}.{output}"
            for stage in self.paper.stages
            for output, made in (self.outputs(stage) or {}).items()
            if made == kind
        ]
