"""The record of a measuring stage: kept as it is, made when there is none.

`dvc repro` runs a measuring stage like any other, and the stage keeps the record that is there.
DVC's own `frozen` would do so too, but it fails where there is no record yet, as in a new profile.
The standard library alone, since the launcher uses it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from harness.environment import Environments
from harness.errors import HarnessError
from harness.stage import children
from harness.stage.hold import VARIABLE
from harness.stage.manifest import record_outputs
from harness.stage.planned import PlannedEnvironment, PlannedStage
from harness.stage.variables import stage_variables

RECORDED = "recorded"
"""A record's key in the manifest: its bytes follow from nothing, and it says what it measured."""


def record_place(root: Path, plan: PlannedStage) -> Path:
    """Return the path of the record that the tables derive from."""
    (artifact,) = plan.outputs.values()
    return root / artifact.path


def enter_record(manifest: Path, root: Path, plan: PlannedStage) -> None:
    """Enter the record into the manifest, with the CPU that it was taken on.

    Raises
    ------
    HarnessError
        The record does not say on which CPU it was taken.
    """
    place = record_place(root, plan)
    try:
        cpu = str(json.loads(place.read_bytes())["where"]["fingerprint"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HarnessError(
            f"{place}: not a whole record: {error!r}",
            f"restore it with `git checkout -- {place.relative_to(root)}`",
        ) from error
    record_outputs(manifest, root, plan, cpu, RECORDED)


def measure_first(root: Path, plan: PlannedStage, harness: PlannedEnvironment) -> None:
    """Make the first record, in the harness's own environment; HarnessError when that fails."""
    python = Environments(root).python(harness)
    command = [str(python), "-m", "harness", "measure", plan.address, "--profile", plan.profile]
    variables = stage_variables(os.environ, {}, root, root / ".harness")
    # This process holds the project already, for itself or through its own ancestor.
    holder = os.environ.get(VARIABLE, str(os.getpid()))
    status = children.run(command, {**variables, VARIABLE: holder}, root)
    if not record_place(root, plan).exists():
        raise HarnessError(
            f"{plan.address}: measuring failed with exit status {status}",
            "the reason stands above",
        )
