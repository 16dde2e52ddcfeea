"""Rows of a table as CSV: one header, "\\n", shortest numbers, no locale."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.errors import HarnessError
from harness.formats.atomic import write_text

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,999})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")

Value = bool | int | float | str | None
Row = dict[str, Value]


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value + 0.0)  # -0.0 becomes 0.0
    return str(value)


def dumps(rows: Sequence[Mapping[str, Value]]) -> str:
    """Return `rows` as CSV; the columns are those of the first row, in its order.

    Raises
    ------
    ValueError
        A row has other columns than the first.
    """
    if not rows:
        return ""
    header = list(rows[0])
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    for number, row in enumerate(rows, start=1):
        if row.keys() != set(header):
            raise ValueError(f"row {number} has columns {list(row)}, the first has {header}")
        writer.writerow([_cell(row[name]) for name in header])
    return buffer.getvalue()


def write(path: Path, rows: Sequence[Mapping[str, Value]]) -> None:
    """Write `rows` to `path` atomically."""
    write_text(path, dumps(rows))


def _value(cell: str) -> Value:
    if cell == "":
        return None
    if cell in ("true", "false"):
        return cell == "true"
    # "007", "1_0", " 1" and "nan" are text: we write no number like that.
    if _INTEGER.fullmatch(cell):
        return int(cell)
    if _DECIMAL.fullmatch(cell) and math.isfinite(number := float(cell)):
        return number
    return cell


def read(path: Path) -> list[Row]:
    """Return the rows of `path`: numbers as numbers, an empty cell as None."""
    try:
        text = path.read_text(encoding="utf-8")
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise HarnessError(f"{path}: cannot be read as CSV: {error}") from error
    if not lines:
        return []
    header, *body = lines
    if len(set(header)) < len(header):
        raise HarnessError(f"{path}: a heading is there twice")
    if text.startswith("\ufeff") or "\0" in text:
        raise HarnessError(f"{path}: begins with a byte-order mark or holds a NUL character")
    for number, line in enumerate(body, start=2):
        if len(line) != len(header):
            raise HarnessError(f"{path}:{number}: {len(line)} cells under {len(header)} headings")
    return [dict(zip(header, map(_value, line), strict=True)) for line in body]
