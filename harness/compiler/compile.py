"""Compiling: specs and code in, the bytes of params.yaml, dvc.yaml and the plans out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from harness.compiler.target import Target
from harness.formats import jsonfile
from harness.formats.atomic import write_if_changed
from harness.stage.planned import DEVICE, PlannedStage

if TYPE_CHECKING:
    # Loading the models takes longer than a compilation that has nothing to do.
    from harness.compiler.imports import Imports
    from harness.plan import Plan
    from harness.spec.reader import Document

_PLANNER = "harness.compiler.replan"


@dataclass(frozen=True)
class Compiled:
    """The files of a compilation, relative to the target's folder, and the plan they came from."""

    plan: Plan
    files: Mapping[str, bytes]


def compile_specs(target: Target, overrides: Sequence[str]) -> Compiled:
    """Return what `harness compile` writes for these Hydra overrides; nothing is written yet."""
    from harness.compose import compose
    from harness.spec.files import SpecFiles

    SpecFiles.read(target.project.specs).sound()  # Hydra's own message would name no line
    composed = compose(target.project.specs, overrides)
    return compile_tree(target, composed.tree, composed.text, overrides)


def compile_tree(
    target: Target,
    tree: dict[str, Any],
    text: str,
    overrides: Sequence[str] = (),
    origin: Document | None = None,
) -> Compiled:
    """Return the compilation of a composed `tree`, whose text is `text`.

    Problems of a tree that was not composed just now name the file `origin` that it was read from.
    """
    from harness.compiler.imports import Imports
    from harness.compiler.pipeline import pipeline
    from harness.costs import read_costs
    from harness.plan import build_plan
    from harness.registry import registry
    from harness.spec.check import check_composition

    steps = registry(target.project.root)
    composition = check_composition(target.project.specs, tree, steps, overrides, origin)
    imports = Imports(target.project.root)
    recorded = read_costs(target.project.root, composition.profile.name)
    costs = {address: cost.seconds for address, cost in recorded.items()}
    plan = build_plan(composition, steps, costs)
    stages = tuple(replace(stage, code=_code(stage, imports)) for stage in plan.stages)
    plan = replace(plan, stages=stages)
    dvc_yaml = pipeline(plan, target.folder, imports.files(_PLANNER))
    files = {"params.yaml": text.encode(), "dvc.yaml": dvc_yaml.encode()}
    for stage in stages:
        files[f"plan/{stage.paper}/{stage.stage}.json"] = jsonfile.dumps(
            stage.to_json(), sort_keys=False
        )
    return Compiled(plan, files)


def _code(stage: PlannedStage, imports: Imports) -> tuple[str, ...]:
    """The files that decide what a stage does, beside its inputs: a tuning is like code."""
    files = set(imports.files(stage.run.partition(":")[0]))
    if stage.device is not None:
        files.update(imports.files(DEVICE))
        files.update(filter(None, [stage.device.get("tuning")]))
    return tuple(sorted(files))


def stale_files(target: Target, compiled: Compiled) -> list[str]:
    """Return the files that are missing, differ, or should not be there, sorted."""
    wrong = [name for name, content in compiled.files.items() if _differs(target, name, content)]
    return sorted([*wrong, *_strays(target, compiled)])


def write(target: Target, compiled: Compiled) -> list[str]:
    """Write what differs, remove planned stages that are no more; return the names of both."""
    changed = []
    for name, content in compiled.files.items():
        if write_if_changed(target.path / name, content):
            changed.append(name)
    for name in _strays(target, compiled):
        (target.path / name).unlink()
        changed.append(name)
    return sorted(changed)


def _differs(target: Target, name: str, content: bytes) -> bool:
    path = target.path / name
    return not path.is_file() or path.read_bytes() != content


def _strays(target: Target, compiled: Compiled) -> list[str]:
    present = (path.relative_to(target.path).as_posix() for path in target.plans.glob("*/*.json"))
    return sorted(name for name in present if name not in compiled.files)
