"""The log of what each run of a stage cost: an aid for people, never an output."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.devices.platform import cpu_fingerprint
from harness.stage.planned import PlannedStage


def log_path(root: Path, profile: str) -> Path:
    """Where the runs of a profile's stages are logged, one JSON object a line."""
    return root / ".harness" / "logs" / f"{profile}.jsonl"


def log_run(root: Path, plan: PlannedStage, seconds: float) -> None:
    """Append what a finished run took: wall seconds, peak memory of a process, the platform."""
    path = log_path(root, plan.profile)
    path.parent.mkdir(parents=True, exist_ok=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    entry = {
        "stage": plan.address,
        "seconds": round(seconds, 3),
        "peak_memory_mb": round(peak / 1024),
        "seeds": list(plan.seeds),
        "environment": plan.environment.name,
        "cpu": cpu_fingerprint(),
    }
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")


def read_log(root: Path, profile: str) -> Iterator[dict[str, Any]]:
    """Yield the logged runs, oldest first; a line that a kill cut short is passed over."""
    path = log_path(root, profile)
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue
