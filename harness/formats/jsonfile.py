"""JSON with sorted keys, one value a line: canonical and still readable in a diff.

The keys are in the order of RFC 8785 and the numbers in Python's shortest form; the line breaks,
which RFC 8785 leaves out, are what makes a changed value one changed line in git.
"""

from __future__ import annotations

import json
import math
from collections import Counter
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


def loads(content: bytes | str, origin: str) -> Any:
    """Return the value in `content`, read strictly.

    What readers of JSON take in different ways is refused: a key given twice, NaN and infinities,
    numbers too large for a double.

    Raises
    ------
    HarnessError
        It is not JSON, or not strict; the message names `origin`.
    """
    try:
        return json.loads(
            content, object_pairs_hook=_distinct, parse_constant=_no_number, parse_float=_finite
        )
    except ValueError as error:
        raise HarnessError(f"{origin}: cannot be read as JSON: {error}") from error
    except RecursionError:
        raise HarnessError(f"{origin}: cannot be read as JSON: nested too deeply") from None


def read(path: Path) -> Any:
    """Return the value in `path`, read strictly; HarnessError names the file when it is none."""
    if path.exists() and not path.is_file():
        raise HarnessError(f"{path}: cannot be read as JSON: it is no file")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise HarnessError(f"{path}: cannot be read as JSON: {error.strerror}") from error
    return loads(content, str(path))


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        raise ValueError(f"the key {twice[:60]!r} is given twice")
    return found


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"the number {text[:20]} is too large")
    return number
