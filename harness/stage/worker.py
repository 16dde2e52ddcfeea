"""The process of one run of one step: `python -m harness.stage.worker PLAN FOLDER [SEED]`.

It runs in the stage's environment and writes below FOLDER alone. The launcher has checked the
inputs before, and puts the outputs in place afterwards.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

from harness.errors import HarnessError
from harness.fault import system_fault
from harness.stage.checkpoint import Checkpoint
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.planned import DEVICE, Artifact, PlannedStage
from harness.stage.progress import Progress
from harness.stage.run import Run
from harness.stage.scratch import checkpoint, mark_done, refusal, staging
from harness.steps import Kind, Params

if TYPE_CHECKING:
    from harness.spec.device import Device, DeviceSpec


def _paths(artifact: Artifact, seed: int | None) -> dict[int | None, Path]:
    paths = artifact.paths()
    chosen = {seed: paths[seed]} if seed is not None and seed in paths else paths
    return {key: Path(path) for key, path in chosen.items()}


def _step(plan: PlannedStage) -> tuple[Callable[..., None], Params]:
    module_name, _, function = plan.run.partition(":")
    module = importlib.import_module(module_name)
    step = getattr(module, function, None)
    annotation = getattr(step, "__annotations__", {}).get("params")
    model = getattr(module, annotation, None) if isinstance(annotation, str) else annotation
    if not (callable(step) and isinstance(model, type) and issubclass(model, Params)):
        raise HarnessError(
            f"{plan.run} is not a step: it must be a function whose argument 'params' is annotated "
            "with its model of parameters",
            "write `def step(inputs: Inputs, params: MyParams, outputs: Outputs, run: Run)`",
        )
    return step, model.model_validate_json(json.dumps(plan.params))


def _device(plan: PlannedStage) -> Device | None:
    """The device of a measuring stage. No other imports its model, nor is stale when it changes."""
    if plan.device is None:
        return None
    model: type[DeviceSpec] = importlib.import_module(DEVICE).DeviceSpec
    return model.of(plan.device)


def run_step(plan: PlannedStage, folder: Path, seed: int | None) -> None:
    """Run the step of `plan` for one seed, leaving its outputs staged in `folder`.

    Raises
    ------
    HarnessError
        The step refused its inputs, or ended without writing one of its outputs.
    """
    label = plan.address if seed is None else f"{plan.address} seed {seed}"
    inputs = Inputs({name: _paths(item, seed) for name, item in plan.inputs.items()})
    staging(folder).mkdir(parents=True, exist_ok=True)
    kinds = {name: cast("Kind", item.kind) for name, item in plan.outputs.items()}
    places = {name: Path(item.paths()[seed]) for name, item in plan.outputs.items()}
    outputs = Outputs(kinds, staging(folder), {name: p.name for name, p in places.items()})
    run = Run(
        paper=plan.paper,
        stage=plan.stage,
        seed_axis=seed or 0,
        checkpoint=Checkpoint(checkpoint(folder)),
        progress=Progress(label),
        device=_device(plan),
    )
    step, params = _step(plan)
    step(inputs, params, outputs, run)
    outputs.check_complete()
    mark_done(folder)


def main(arguments: list[str]) -> int:
    """Run one step and return the process's exit status."""
    seed = int(arguments[2]) if len(arguments) > 2 else None
    folder = Path(arguments[1])
    try:
        run_step(PlannedStage.read(Path(arguments[0])), folder, seed)
    except HarnessError as error:
        return _refuse(folder, str(error), error.status)
    except OSError as error:
        if isinstance(error, FileNotFoundError | ConnectionError):
            raise  # a mistake of the step: its place in the code is what helps
        return _refuse(folder, str(system_fault(error)), 1)
    return 0


def _refuse(folder: Path, reason: str, status: int) -> int:
    # The launcher tells the reason, once; on a full disk it can only be printed.
    try:
        refusal(folder).write_text(reason, encoding="utf-8")
    except OSError:
        print(reason, file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
