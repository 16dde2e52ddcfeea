"""`python3 -m harness.stage PAPER STAGE`: run one planned stage, as DVC does.

With `--plans FOLDER` the stage is read from there instead of ``plan/``. `python3 -m harness.stage
plan` writes the plans themselves from params.yaml.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from harness.devices.platform import cpu_fingerprint
from harness.environment import Environments
from harness.errors import HarnessError
from harness.stage.costlog import log_run
from harness.stage.failure import clear_failure, note_failure
from harness.stage.launch import launch, publish
from harness.stage.manifest import record_outputs
from harness.stage.measurement import enter_record, measure_first, record_place
from harness.stage.planned import PlannedEnvironment, PlannedStage
from harness.stage.queue import take
from harness.stage.variables import stage_variables

# The plans are made in the harness's own environment, before any plan can be read.
_PLANNER = PlannedEnvironment("harness", "environments/harness.txt", "3.11", "bytes")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m harness.stage", description=__doc__)
    parser.add_argument("paper", help="the paper, or `plan`")
    parser.add_argument("stage", nargs="?", help="the stage of the paper")
    parser.add_argument("--plans", default="plan", help="the folder of the planned stages")
    return parser


def _plan(root: Path, plans: Path) -> int:
    python = Environments(root).python(_PLANNER)
    variables = stage_variables(os.environ, {}, root, root / ".harness")
    command = [str(python), "-m", "harness.compiler.replan", str(plans)]
    return subprocess.run(command, env=variables, cwd=root, check=False).returncode


def _run(root: Path, plans: Path, paper: str, stage: str) -> None:
    path = plans / paper / f"{stage}.json"
    plan = PlannedStage.read(path)
    manifest = plans.parent / "manifest.json"
    print(f"{plan.address}{take(plan.address, os.environ)}", file=sys.stderr, flush=True)
    if plan.measures:
        _keep_or_measure(root, manifest, plan)
        return
    try:
        launched = launch(root, path, plans.parent / "dvc.lock")
    except HarnessError as error:
        note_failure(root, plan, error.message)
        raise
    publish(root, plan, launched)
    record_outputs(manifest, root, plan, cpu_fingerprint(), launched.key)
    clear_failure(root, plan)
    log_run(root, plan, launched.seconds)


def _keep_or_measure(root: Path, manifest: Path, plan: PlannedStage) -> None:
    place = record_place(root, plan)
    if place.exists():
        print(f"  kept: {place.relative_to(root)}", file=sys.stderr)
        print(f"  `harness measure {plan.address}` makes another", file=sys.stderr)
    else:
        measure_first(root, plan, _PLANNER)
    enter_record(manifest, root, plan)


def main() -> int:
    """Run what the command line names and return the exit status."""
    arguments = _parser().parse_args()
    root = Path.cwd()
    try:
        if arguments.stage is None:
            return _plan(root, Path(arguments.plans))
        _run(root, Path(arguments.plans), arguments.paper, arguments.stage)
    except HarnessError as error:
        print(error, file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        print("interrupted; the next run goes on from the last checkpoint", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
