"""What the runtime adds to a stage: checks before, a process of its own, the outputs' way."""

import pytest
from interpreter import interpreter
from stopwatch import Command, in_turns, python
from synthetic import lay_out


@pytest.mark.parametrize(("environment", "framework"), [("harness", "numpy"), ("torch", "torch")])
def test_runtime_adds_three_tenths_of_a_second(benchmark, tmp_path, environment, framework):
    """A stage that does nothing takes 0.3 s of CPU more than importing its framework at most.

    Both the launcher and the worker count, and the launcher's Python itself.
    """
    built = interpreter(environment)
    stages = {framework: {"step": "idle.rest", "environment": environment}}
    environments = dict.fromkeys(("harness", environment))
    root = lay_out(tmp_path / "project", stages, tuple(environments))
    python(root, "-m", "harness", "compile")()

    least = in_turns(
        benchmark, 15,
        stage=python(root, "-m", "harness.stage", "toy", framework),
        framework=Command((str(built), "-c", f"import {framework}"), root),
    )  # fmt: skip
    added = least["stage"].cpu - least["framework"].cpu
    benchmark.extra_info["added"] = round(added, 3)

    assert added <= 0.3
