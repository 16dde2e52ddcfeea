"""JSON with sorted keys, one value a line: canonical and still readable in a diff.

The keys are in the order of RFC 8785 and the numbers in Python's shortest form; the line breaks,
which RFC 8785 leaves out, are what makes a changed value one changed line in git.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.formats.atomic import write_bytes


def dumps(value: Any, *, sort_keys: bool = True) -> bytes:
    """Return the canonical bytes of `value`; ValueError for NaN and infinities.

    Without `sort_keys` the keys stay in their own order, where that order means something.
    """
    text = json.dumps(value, sort_keys=sort_keys, indent=1, ensure_ascii=False, allow_nan=False)
    return text.encode() + b"\n"


def write(path: Path, value: Any) -> None:
    """Write `value` to `path` atomically."""
    write_bytes(path, dumps(value))


def read(path: Path) -> Any:
    """Return the value in `path`; HarnessError names the file when it is not JSON."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise HarnessError(f"{path}: cannot be read as JSON: {error}") from error
