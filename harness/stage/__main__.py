"""`python3 -m harness.stage PAPER STAGE`: run one planned stage, as DVC does.

With `--plans FOLDER` the stage is read from there instead of ``plan/``. `python3 -m harness.stage
plan` writes the plans themselves from params.yaml.
"""

from __future__ import annotations

if __name__ == "__main__":
    # Nothing is begun while the rest is loaded: an interrupt ends the process at once.
    import signal

    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from pathlib import Path

from harness.devices.platform import cpu_fingerprint
from harness.ending import ended_by
from harness.environment import HARNESS, Environments
from harness.errors import HarnessError
from harness.fault import told
from harness.stage import children
from harness.stage.costlog import log_run
from harness.stage.failure import clear_failure, note_failure
from harness.stage.hold import VARIABLE, check_ancestor, reading, running, writing
from harness.stage.interrupt import Interrupted, heed
from harness.stage.launch import launch, publish
from harness.stage.leftovers import keep_lock, sweep
from harness.stage.manifest import record_outputs
from harness.stage.measurement import enter_record, measure_first, record_place
from harness.stage.place import refuse_outside
from harness.stage.planned import PlannedStage
from harness.stage.queue import take
from harness.stage.variables import stage_variables

_GOES_ON = "the next run goes on from the last checkpoint"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m harness.stage", description=__doc__)
    parser.add_argument("paper", help="the paper, or `plan`")
    parser.add_argument("stage", nargs="?", help="the stage of the paper")
    parser.add_argument("--plans", default="plan", help="the folder of the planned stages")
    return parser


def _plan(root: Path, plans: Path) -> int:
    python = Environments(root).python(HARNESS)
    variables = stage_variables(os.environ, {}, root, root / ".harness")
    command = [str(python), "-m", "harness.compiler.replan", str(plans)]
    with writing(root, "the planning stage of `dvc repro`") as hold:
        return children.run(command, variables, root, hold.descriptors)


def _run(root: Path, plans: Path, paper: str, stage: str) -> None:
    path = plans / paper / f"{stage}.json"
    plan = PlannedStage.read(path)
    manifest = plans.parent / "manifest.json"
    print(f"{plan.address}{take(plan.address, os.environ)}", file=sys.stderr, flush=True)
    with reading(root, f"stage {plan.address}") as project:
        if plan.measures:
            _keep_or_measure(root, manifest, plan)
            return
        with running(root, plan) as own:
            sweep(root)
            _make(root, path, manifest, plan, (*project.descriptors, *own.descriptors))


def _make(root: Path, path: Path, manifest: Path, plan: PlannedStage, keep: Sequence[int]) -> None:
    lock = manifest.with_name("dvc.lock")
    try:
        keep_lock(root, lock)
        launched = launch(root, path, lock, keep)
        publish(root, plan, launched)
        record_outputs(manifest, root, plan, cpu_fingerprint(), launched.key)
        clear_failure(root, plan)
        log_run(root, plan, launched.seconds)
    except (HarnessError, OSError) as error:
        _note_failure(root, plan, told(error).message)
        raise
    # Only now: until here a run that failed can be taken up from its checkpoints.
    launched.home.remove()


def _note_failure(root: Path, plan: PlannedStage, reason: str) -> None:
    # On a full disk the reason cannot be kept, but it is still told.
    with suppress(OSError):
        note_failure(root, plan, reason)


def _keep_or_measure(root: Path, manifest: Path, plan: PlannedStage) -> None:
    place = record_place(root, plan)
    refuse_outside(root, place.relative_to(root).as_posix(), plan.address)
    if place.exists():
        print(f"  kept: {place.relative_to(root)}", file=sys.stderr)
        print(f"  `harness measure {plan.address}` makes another", file=sys.stderr)
    else:
        measure_first(root, plan, HARNESS)
    enter_record(manifest, root, plan)


def main() -> int:
    """Run what the command line names and return the exit status."""
    arguments = _parser().parse_args()
    root = Path.cwd()
    heed()
    by_dvc = "DVC_STAGE" in os.environ
    try:
        check_ancestor(os.environ)
        with children.following_starter() if by_dvc else nullcontext():
            if arguments.stage is None:
                return _plan(root, Path(arguments.plans))
            _run(root, Path(arguments.plans), arguments.paper, arguments.stage)
    except (HarnessError, OSError) as error:
        return ended_by(error)
    except Interrupted as interrupted:
        if VARIABLE not in os.environ:  # where the harness has started DVC, it tells
            print(f"{interrupted.name}: ended; {_GOES_ON}", file=sys.stderr)
        return interrupted.status
    return 0


if __name__ == "__main__":
    sys.exit(main())
