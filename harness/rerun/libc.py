"""Another C library: the libraries of an unpacked package, shown in place of the system's own."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

from harness.rerun.host import Host

_LIBC = "libc.so.6"
_LOADER = "ld-linux-x86-64.so.2"
_WITHIN = ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib64", "lib64", "")


def libraries(package: str) -> Path:
    """Return the folder of an unpacked package that has the C library and its loader.

    Raises
    ------
    ValueError
        There is none.
    """
    for within in _WITHIN:
        folder = Path(package) / within
        if (folder / _LIBC).is_file() and (folder / _LOADER).is_file():
            return folder.resolve()
    raise ValueError(
        f"a folder with an unpacked package of glibc, with {_LIBC} and {_LOADER} in it"
    )


def binds(package: str) -> list[tuple[str, str]]:
    """Return each library of an unpacked package, and the system's file whose place it takes."""
    system = _system()
    found = {
        (system / library.name).resolve(): library.resolve()
        for library in sorted(libraries(package).glob("*.so*"))
        if (system / library.name).is_file()
    }
    return [(str(theirs), str(ours)) for ours, theirs in found.items()]


def missing(host: Host, package: str) -> str:
    """Why a rerun here cannot have the C library of a package; "" when it can."""
    if "mount" not in host.namespaces:
        return "`unshare` of mount is not permitted"
    return _refusal(str(libraries(package)))


@cache
def _refusal(folder: str) -> str:
    """What this Python says when the C library in `folder` cannot run it; "" when it can."""
    loader = [f"{folder}/{_LOADER}", "--library-path", f"{folder}:{_system()}"]
    done = subprocess.run(
        [*loader, sys.executable, "-I", "-c", ""],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    last = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
    return f"this Python does not run on it: {last}" if done.returncode else ""


@cache
def _system() -> Path:
    """The folder of the C library that this process runs on."""
    lines = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    return next(Path(line.split()[-1]).parent for line in lines if line.endswith(f"/{_LIBC}"))
