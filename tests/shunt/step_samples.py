"""How the tests of the shunts run a step that needs no framework: for real, in a folder."""

from importlib import import_module
from io import StringIO
from pathlib import Path

from harness.formats import rows
from harness.stage.checkpoint import Checkpoint
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.progress import Progress
from harness.stage.run import Run
from harness.steps import SUFFIX
from reproductions.shunt.steps import STEPS


def run_step(step, params, folder, **inputs):
    """Run a step of the registry on rows in `folder` and return the rows of its outputs."""
    paths = {}
    for name, given in inputs.items():
        path = folder / f"{name}.csv"
        rows.write(path, given)
        paths[name] = {None: path}
    kinds = STEPS[step].outputs
    outputs = Outputs(
        kinds, folder, {name: f"{name}{SUFFIX[kind]}" for name, kind in kinds.items()}
    )
    run = Run("shunt", step, 0, Checkpoint(None), Progress(step, StringIO()))
    module, _, function = STEPS[step].run.partition(":")
    checked = STEPS[step].params.model_validate(params)
    getattr(import_module(module), function)(Inputs(paths), checked, outputs, run)
    outputs.check_complete()
    return {name: rows.read(Path(folder) / name / f"{name}.csv") for name in kinds}
