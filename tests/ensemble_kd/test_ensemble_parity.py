"""MXNet and PyTorch agree: every quantiser, loss, schedule and optimiser, networks, training."""

import subprocess
from pathlib import Path

import framework_suite
import numpy as np
import pytest
from ensemble_parity_cases import CASES, Norm

HALVES = {"mxnet": "ensemble_parity_mxnet.py", "torch": "ensemble_parity_torch.py"}
PARTS = [
    pytest.param(f"{case.name}:{part}", tolerance, id=f"{case.name}:{part}")
    for case in CASES
    for part, tolerance in case.parts.items()
]


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """Return the arrays of both frameworks by name, each of one process of its environment."""
    folder = tmp_path_factory.mktemp("parity")
    found = {}
    for environment, script in HALVES.items():
        python, variables = framework_suite.prepare(environment)
        out = folder / f"{environment}.npz"
        done = subprocess.run(
            [python, Path(__file__).parent / script, out],
            cwd=framework_suite.ROOT, env=variables, capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert not done.returncode, done.stdout + done.stderr
        with np.load(out) as arrays:
            found[environment] = dict(arrays)
    return found


@pytest.mark.parametrize(("name", "tolerance"), PARTS)
def test_both_frameworks_give_the_same_numbers(answers, name, tolerance):
    """From the same numbers MXNet and PyTorch compute the same, exactly where sums are exact."""
    theirs, ours = answers["mxnet"][name], answers["torch"][name]

    assert theirs.shape == ours.shape
    if not tolerance:
        np.testing.assert_array_equal(ours, theirs)
    elif isinstance(tolerance, Norm):
        apart = np.linalg.norm(ours.astype(np.float64) - theirs)
        assert apart <= tolerance * np.linalg.norm(theirs)
    else:
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance * np.abs(theirs).max())


def test_no_answer_is_left_out(answers):
    """Each half answers every case, and nothing else."""
    wanted = {parameters.values[0] for parameters in PARTS}

    for found in answers.values():
        assert found.keys() == wanted
