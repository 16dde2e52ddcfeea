"""How the tests of NoNN run a step: for real, in a folder of their own."""

from pathlib import Path

import pytest

from harness.stage.checkpoint import Checkpoint
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.progress import Progress
from harness.stage.run import Run
from harness.steps import SUFFIX
from reproductions.nonn.steps import STEPS


def _function(run):
    module, _, name = run.partition(":")
    return getattr(__import__(module, fromlist=[name]), name)


@pytest.fixture
def run_step(tmp_path):
    """Return a function that runs a step of the registry and tells where its outputs are."""

    def run(step, params, inputs=(), seed=0):
        kinds = STEPS[step].outputs
        names = {name: f"{name}{SUFFIX[kind]}" for name, kind in kinds.items()}
        paths = {name: {None: Path(path)} for name, path in dict(inputs).items()}
        staging = tmp_path / f"{step}-{seed}"
        outputs = Outputs(kinds, staging, names)
        context = Run("nonn", step, seed, Checkpoint(None), Progress(step))
        _function(STEPS[step].run)(
            Inputs(paths), STEPS[step].params.model_validate(params), outputs, context
        )
        outputs.check_complete()
        return {name: staging / name / file for name, file in names.items()}

    return run
