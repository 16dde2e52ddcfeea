"""Cross-checks of stages and figures: steps, inputs, parameters, places and order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from harness.spec.constants import resolved, uses
from harness.spec.paper import Figure, Stage
from harness.spec.problem import Path, Problem, near, one_of, shown
from harness.spec.scope import PaperScope
from harness.spec.translation import faults
from harness.steps import Step

DATASET = "harness.dataset"

# The harness runs these itself, for every table and for the report.
_INTERNAL = frozenset({"harness.table", "harness.report"})


# The stages of tables and figures are called so.
_PRODUCTS = ("table-", "figure-")


def stage_problems(scope: PaperScope) -> Iterator[Problem]:
    """Yield what is wrong with the stages of a paper."""
    for name, stage in scope.paper.stages.items():
        at: Path = ("stages", name)
        if name.startswith(_PRODUCTS):
            said = "the names that begin with 'table-' or 'figure-' are the harness's own"
            yield scope.problem(at, said, "another name", value=name)
        yield from scope.scope.unknown(
            ("environments",), stage.environment, (*scope.at, *at, "environment"), "environment"
        )
        step = _step(scope, stage.step)
        if step is None:
            yield _no_step(scope, stage.step, (*at, "step"))
            continue
        yield from _inputs(scope, step, stage.inputs, at)
        yield from _params(scope, step, stage.params, at)
        yield from _device(scope, step, stage, at)
        if stage.step == DATASET:
            yield from _dataset(scope, resolved(stage.params, scope.paper.constants), at)
    yield from _cycles(scope)


def figure_problems(scope: PaperScope) -> Iterator[Problem]:
    """Yield what is wrong with the figures of a paper."""
    for name, figure in scope.paper.figures.items():
        at: Path = ("figures", name)
        step = _step(scope, figure.draw)
        if step is None:
            yield _no_step(scope, figure.draw, (*at, "draw"))
            continue
        yield from _drawing(scope, step, figure, at)
        yield from _inputs(scope, step, figure.inputs, at)
        yield from _params(scope, step, figure.params, at)


def constant_problems(scope: PaperScope) -> Iterator[Problem]:
    """Yield the constants that nothing uses."""
    params = [stage.params for stage in scope.paper.stages.values()]
    params += [figure.params for figure in scope.paper.figures.values()]
    used = {name for one in params for _, name in uses(one)}
    for name in scope.paper.constants:
        if name not in used:
            said = f"no stage and no figure uses the constant {shown(name)}"
            yield scope.problem(("constants", name), said, f"a parameter '={name}', or no constant")


def _step(scope: PaperScope, name: str) -> Step | None:
    return None if name in _INTERNAL else scope.scope.steps.get(name)


def _no_step(scope: PaperScope, name: str, path: Path) -> Problem:
    known = [step for step in scope.scope.steps if step not in _INTERNAL]
    return scope.not_among(known, name, path, "step")


def _inputs(
    scope: PaperScope, step: Step, inputs: Mapping[str, str], at: Path
) -> Iterator[Problem]:
    for name, reference in inputs.items():
        path = (*at, "inputs", name)
        kind = step.inputs.get(name, step.more_inputs)
        if kind is None:
            said = f"the step has no input {shown(name)}{near(name, step.inputs)}"
            yield scope.problem(path, said, one_of(step.inputs), value=name)
        yield from scope.reference(reference, path, kind)
    for name in step.inputs:
        if name not in inputs and name not in step.optional:
            said = f"the step's input {shown(name)} is missing"
            allowed = f"an output of kind {step.inputs[name]}"
            yield scope.problem((*at, "inputs"), said, allowed)


def _params(
    scope: PaperScope, step: Step, params: Mapping[str, Any], at: Path
) -> Iterator[Problem]:
    whole = (*scope.at, *at, "params")
    constants = scope.paper.constants
    unknown = [use for use in uses(params) if use[1] not in constants]
    for path, name in unknown:
        yield from scope.unknown("constants", name, (*at, "params", *path), "constant")
    if not unknown:
        filled = resolved(params, constants)
        for fault in faults(step.params, filled, scope.scope.locate, whole):
            yield fault.problem


def _device(scope: PaperScope, step: Step, stage: Stage, at: Path) -> Iterator[Problem]:
    measures = "measurement" in step.outputs.values()
    path = (*at, "device")
    if stage.device is None:
        if measures:
            said = "the step measures, and needs a device"
            yield scope.problem(path, said, one_of(scope.scope.names(("devices",)) or ()))
        return
    if not measures:
        said = f"the step {shown(stage.step)} measures nothing"
        yield scope.problem(path, said, "no device", value=stage.device)
    whole = (*scope.at, *path)
    yield from scope.scope.unknown(("devices",), stage.device, whole, "device")


def _dataset(scope: PaperScope, params: Mapping[str, Any], at: Path) -> Iterator[Problem]:
    name, path = params.get("dataset"), (*scope.at, *at, "params", "dataset")
    if isinstance(name, str):
        yield from scope.scope.unknown(("datasets",), name, path, "dataset")
    if "spec" in params:
        said = "the harness fills this in from the dataset's own spec; leave it out"
        yield scope.problem((*at, "params", "spec"), said)


def _drawing(scope: PaperScope, step: Step, figure: Figure, at: Path) -> Iterator[Problem]:
    if dict(step.outputs) != {"figure": "figure"}:
        steps = scope.scope.steps.items()
        drawing = [name for name, known in steps if "figure" in known.outputs.values()]
        said = f"the step {shown(figure.draw)} draws no figure"
        yield scope.problem((*at, "draw"), said, one_of(drawing), value=figure.draw)


def _cycles(scope: PaperScope) -> Iterator[Problem]:
    stages = scope.paper.stages
    reads = {
        name: {
            reference.partition(".")[0]: key
            for key, reference in stage.inputs.items()
            if reference.partition(".")[0] in stages
        }
        for name, stage in stages.items()
    }
    while cycle := _cycle(reads):
        # graphlib lists each stage before the one that reads it; the last is the first again.
        waiting = cycle[:0:-1]
        start = waiting.index(min(waiting))
        ring = [*waiting[start:], *waiting[: start + 1]]
        reader, read = ring[:2]
        said = f"the stages wait for each other: {' -> '.join(ring)}"
        path = ("stages", reader, "inputs", reads[reader].pop(read))
        yield scope.problem(path, said, "inputs from stages that run before", value=read)


def _cycle(reads: Mapping[str, Mapping[str, str]]) -> list[str]:
    try:
        TopologicalSorter(reads).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []
