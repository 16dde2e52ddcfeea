"""How a program ends that has met a fault: with words on standard error, and a status."""

from __future__ import annotations

import sys

from harness.errors import HarnessError
from harness.fault import told


def ended_by(fault: HarnessError | OSError, program: str = "") -> int:
    """Print `fault`, after the name of the `program` if any, and return the exit status."""
    error = told(fault)
    print(f"{program}: {error}" if program else error, file=sys.stderr)
    return error.status
