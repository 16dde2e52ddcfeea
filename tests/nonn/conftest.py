"""How the tests of NoNN run a step, in a folder of their own, and a fleet, against peers."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from fleet_samples import EXPECTED, LONG
from scripted_peer import Peer

from harness.stage.checkpoint import Checkpoint
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.progress import Progress
from harness.stage.run import Run
from harness.steps import SUFFIX
from reproductions.nonn.deployment.fleet import Fleet
from reproductions.nonn.steps import STEPS


def execute(step, params, inputs, folder, seed=0):
    """Run a step of the registry in `folder` and tell where its outputs are."""
    kinds = STEPS[step].outputs
    names = {name: f"{name}{SUFFIX[kind]}" for name, kind in kinds.items()}
    paths = {
        name: path if isinstance(path, dict) else {None: Path(path)}
        for name, path in dict(inputs).items()
    }
    outputs = Outputs(kinds, folder, names)
    context = Run("nonn", step, seed, Checkpoint(None), Progress(step))
    module, _, function = STEPS[step].run.partition(":")
    run = getattr(__import__(module, fromlist=[function]), function)
    run(Inputs(paths), STEPS[step].params.model_validate(params), outputs, context)
    outputs.check_complete()
    return {name: folder / name / file for name, file in names.items()}


@pytest.fixture
def run_step(tmp_path):
    """Return a function that runs a step of the registry in a folder of its own."""

    def run(step, params, inputs=(), seed=0):
        return execute(step, params, inputs, tmp_path / f"{step}-{seed}", seed)

    return run


@pytest.fixture
def fleet_of():
    """Return a function that starts a peer for each script and loads a fleet of them."""
    with ExitStack() as stack:

        def fleet(*scripts, deadline=LONG, **peers):
            made = [Peer(script, **peers) for script in scripts]
            for peer in made:
                stack.callback(peer.end)
            fleet = stack.enter_context(Fleet([peer.address for peer in made], deadline))
            fleet.load([b"model"] * len(made), [EXPECTED] * len(made), strict=False)
            return fleet

        yield fleet
