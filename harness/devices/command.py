"""A command that is run to its end, with a deadline, for what it says."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from harness.errors import HarnessError


def output(command: Sequence[str], patience_s: float, advice: str) -> str:
    """Return what `command` writes to its standard output.

    Parameters
    ----------
    patience_s
        Seconds after which it is ended.
    advice
        What the user can do when it fails.

    Raises
    ------
    HarnessError
        It is not there, fails or takes too long; with what it said.
    """
    name = Path(command[0]).name
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False,
            env={**os.environ, "LC_ALL": "C.UTF-8"}, stdin=subprocess.DEVNULL, timeout=patience_s,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise HarnessError(f"`{name}` was not done in {patience_s:g} seconds", advice) from error
    except OSError as error:
        raise HarnessError(f"`{name}` cannot be run: {error.strerror}", advice) from error
    if done.returncode:
        said = done.stderr.strip() or done.stdout.strip() or "it ended without a word"
        raise HarnessError(f"`{name}` failed:\n{said}", advice)
    return done.stdout
