"""Files out of Debian packages, without root."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from harness.data.refusal import Refused
from harness.spec.dataset import Debian

_PATIENCE = 600.0


def installed(debian: Debian, root: Path = Path("/")) -> Path | None:
    """Return the file where the installed package has it; None when it is not installed."""
    path = root / debian.path
    return path if path.is_file() else None


def unpack(package: str, folder: Path) -> Path:
    """Fetch `package` with apt-get, unpack it under `folder` and return where.

    Raises
    ------
    Refused
        The tools are not on this machine, or one of them failed.
    """
    for tool in ("apt-get", "dpkg"):
        if shutil.which(tool) is None:
            raise Refused(f"{tool} is not on this machine")
    _call(["apt-get", "--quiet=2", "download", package], folder)
    files = sorted(folder.glob("*.deb"))
    if len(files) != 1:
        raise Refused(f"apt-get left {len(files)} packages instead of one")
    tree = folder / "tree"
    _call(["dpkg", "--extract", str(files[0]), str(tree)], folder)
    return tree


def _call(command: Sequence[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Refused(str(error)) from error
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.startswith("E:")]
        raise Refused(lines[0][2:].strip() if lines else f"{command[0]}: {done.returncode}")
