"""The log of what each run of a stage cost: an aid for people, never an output."""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

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
    with path.open("ab+") as file:
        # What a kill or a full disk cut short must not spoil the next line.
        before = b"" if _ends_with_newline(file) else b"\n"
        file.write(before + json.dumps(entry).encode() + b"\n")


def read_log(root: Path, profile: str) -> Iterator[dict[str, Any]]:
    """Yield the logged runs, oldest first; a damaged line is passed over."""
    path = log_path(root, profile)
    if not path.is_file():
        return
    for line in path.read_bytes().splitlines():
        try:
            run = json.loads(line)
            known = run["stage"], run["seconds"], run["peak_memory_mb"]
        except (ValueError, TypeError, KeyError):
            continue
        if isinstance(known[0], str) and all(isinstance(one, int | float) for one in known[1:]):
            yield run


def _ends_with_newline(file: BinaryIO) -> bool:
    if file.seek(0, os.SEEK_END) == 0:
        return True
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"
