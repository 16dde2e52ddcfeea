"""The machine that a process runs on.

The module loads the standard library only, so that every environment can ask for the fingerprint.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.devices.record import Where

UNAVAILABLE = "unavailable"
_PROC = Path("/proc")
_SYS = Path("/sys")
_LENGTH = 16


def cpu_fingerprint(proc: Path = _PROC, sys: Path = _SYS) -> str:
    """Return 16 hexadecimal digits that are equal on two machines with equal CPUs.

    They hash vendor, family, model, flags, cache sizes and the number of logical threads.
    """
    fields = _cpu_fields(proc)
    identity: dict[str, Any] = {
        "vendor": fields.get("vendor_id", platform.machine()),
        "family": fields.get("cpu family", UNAVAILABLE),
        "model": fields.get("model", UNAVAILABLE),
        "flags": sorted(fields.get("flags", fields.get("Features", "")).split()),
        "caches": _caches(sys),
        "threads": _threads(proc),
    }
    text = json.dumps(identity, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]


def describe(
    libraries: Mapping[str, str] | None = None, proc: Path = _PROC, sys: Path = _SYS
) -> Where:
    """Return what a record says of this machine and of `libraries`, versions by name."""
    import psutil

    from harness.devices.record import Where

    return Where(
        cpu=_cpu_fields(proc).get("model name", platform.machine() or UNAVAILABLE),
        fingerprint=cpu_fingerprint(proc, sys),
        cores=psutil.cpu_count(logical=False) or _threads(proc),
        threads=_threads(proc),
        usable=len(os.sched_getaffinity(0)),
        governor=_first_line(sys / "devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        load=os.getloadavg(),
        memory=psutil.virtual_memory().total,
        os=_distribution(),
        kernel=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        libraries=dict(libraries or {}),
    )


def _cpu_fields(proc: Path) -> dict[str, str]:
    """The fields of the first logical CPU; empty when the kernel does not tell."""
    first, _, _ = _text(proc / "cpuinfo").partition("\n\n")
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _threads(proc: Path) -> int:
    lines = _text(proc / "cpuinfo").splitlines()
    listed = sum(line.partition(":")[0].strip() == "processor" for line in lines)
    return listed or os.cpu_count() or 1


def _caches(sys: Path) -> list[list[str]]:
    folders = sorted((sys / "devices/system/cpu/cpu0/cache").glob("index*"))
    return [[_first_line(one / name) for name in ("level", "type", "size")] for one in folders]


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system() or UNAVAILABLE


def _first_line(path: Path) -> str:
    return _text(path).partition("\n")[0].strip() or UNAVAILABLE


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
