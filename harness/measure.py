"""Measuring: run a measuring stage and keep its record beside the older ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from harness.compiler.target import Target
from harness.devices import recording, store
from harness.devices.comparison import Comparison, compare
from harness.devices.measured import digests
from harness.devices.record import read
from harness.errors import HarnessError
from harness.formats import jsonfile
from harness.formats.atomic import write_bytes
from harness.spec.device import DeviceSpec
from harness.stage.hold import running
from harness.stage.inputs import Inputs
from harness.stage.launch import launch
from harness.stage.measurement import enter_record
from harness.stage.planned import PlannedStage
from harness.stage.scratch import staging

_PIN = re.compile(r"^([A-Za-z0-9_.-]+)==(\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Measured:
    """A new record, and its comparison with the record that the tables derive from."""

    path: Path
    complete: bool
    comparison: Comparison | None


def measure(target: Target, plan: PlannedStage, keep: Sequence[int] = ()) -> Measured:
    """Run the measuring stage `plan` and add a record; never overwrite one.

    The stage measures on the device of `plan`, which may be another than that of the compiled
    plan. The first record becomes the one that the tables derive from; a later one does when the
    stage's `record` in the spec names it. `keep` are file descriptors of locks that last as long
    as the measuring process.
    """
    root = target.project.root
    with running(root, plan) as own:
        return _measure(target, plan, (*keep, *own.descriptors))


def _measure(target: Target, plan: PlannedStage, keep: Sequence[int]) -> Measured:
    root = target.project.root
    started = datetime.now(UTC)
    path = root / ".harness" / "measured" / plan.paper / f"{plan.stage}.json"
    write_bytes(path, jsonfile.dumps(plan.to_json(), sort_keys=False))
    launched = launch(root, path, target.lock, keep)
    (output,) = plan.outputs
    place = root / plan.outputs[output].path
    staged = staging(launched.folders[None]) / output / place.name
    record = recording.complete(
        recording.read_measurement(staged),
        paper=plan.paper,
        stage=plan.stage,
        device=DeviceSpec.of(plan.device or {}),
        number=store.next_number(root, plan.profile, plan.paper, plan.stage),
        measured=digests(_inputs(root, plan), plan.inputs),
        started=started,
        duration_s=round(launched.seconds, 3),
        libraries=_libraries(root / plan.environment.lock),
    )
    path = store.add(root, plan.profile, record)
    launched.home.remove()
    if path == place:
        enter_record(target.path / "manifest.json", root, plan)
        return Measured(path, record.complete, None)
    old = read(place) if place.exists() else None
    return Measured(path, record.complete, compare(old, record) if old else None)


def measuring_stage(stages: list[PlannedStage], name: str | None) -> PlannedStage:
    """Return the measuring stage that `name` means, or the only one.

    Raises
    ------
    HarnessError
        There is none, or several and `name` does not say which.
    """
    measuring = [stage for stage in stages if stage.measures]
    found = [stage for stage in measuring if name in (None, stage.address, stage.stage)]
    if len(found) != 1:
        named = ", ".join(stage.address for stage in measuring) or "none"
        raise HarnessError(
            f"{len(found)} measuring stages are meant by '{name or 'all'}'",
            f"name one of: {named}",
        )
    return found[0]


def _inputs(root: Path, plan: PlannedStage) -> Inputs:
    return Inputs(
        {
            name: {seed: root / path for seed, path in artifact.paths().items()}
            for name, artifact in plan.inputs.items()
        }
    )


def _libraries(lock: Path) -> dict[str, str]:
    """The versions that the stage's environment is locked to."""
    return dict(_PIN.findall(lock.read_text(encoding="utf-8")))
