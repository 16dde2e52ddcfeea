"""What each stage costs: recorded once on a named machine, committed, shown in reports.

A report may not hold a duration of the run that wrote it, or no two reports would be equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.errors import HarnessError
from harness.fault import system_fault, way_back
from harness.formats import jsonfile
from harness.spec.base import Spec


class Cost(Spec):
    """What one run of a stage took: wall seconds, and the peak memory of its largest process."""

    seconds: float
    peak_memory_mb: int


class Costs(Spec):
    """The costs of a profile's stages, with the machine that they were taken on."""

    cpu: str
    cores: int
    stages: Mapping[str, Cost]


def costs_path(root: Path, profile: str) -> Path:
    """Where the costs of a profile are committed."""
    return root / "device_results" / profile / "costs.json"


def load_costs(root: Path, profile: str) -> Costs | None:
    """Return the recorded costs of a profile, or None when there are none."""
    path = costs_path(root, profile)
    try:
        return Costs.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise system_fault(error) from error
    except (OSError, ValueError) as error:
        first = str(error).splitlines()[0]
        raise HarnessError(
            f"{path}: not a record of costs: {first}",
            way_back(path, "write it anew with `harness measure --costs`"),
        ) from error


def read_costs(root: Path, profile: str) -> Mapping[str, Cost]:
    """Return the recorded cost of every stage by address."""
    costs = load_costs(root, profile)
    return costs.stages if costs else {}


def record_costs(root: Path, profile: str) -> Path:
    """Write the costs of the last run of every stage of a profile, from the log, and its path."""
    from harness.devices.platform import describe
    from harness.stage.costlog import read_log

    where = describe()
    stages = {
        run["stage"]: Cost(seconds=round(run["seconds"], 1), peak_memory_mb=run["peak_memory_mb"])
        for run in read_log(root, profile)
    }
    if not stages:
        raise HarnessError(f"no stage of profile {profile} has run here", "run `harness repro`")
    costs = Costs(cpu=where.cpu, cores=where.cores, stages=stages)
    path = costs_path(root, profile)
    jsonfile.write(path, costs.model_dump(mode="json"))
    return path
