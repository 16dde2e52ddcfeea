"""A table as CSV: machine names above, rounded numbers, and text that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from harness.errors import HarnessError
from harness.formats.rows import Value
from harness.table import escape
from harness.table.model import Cell, TableContent, text


@dataclass(frozen=True)
class Written:
    """A table as it was written: the cells are text."""

    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]


def cell_text(cell: Cell) -> str:
    """Return `cell` as a CSV file holds it."""
    return escape.csv(cell) if isinstance(cell, str) else text(cell)


def cells(content: TableContent) -> list[dict[str, Value]]:
    """Return the rows of `content`, each cell as the text that the file holds."""
    names = [heading.name for heading in content.headings]
    return [dict(zip(names, map(cell_text, row), strict=True)) for row in content.rows]


def parse(content: bytes) -> Written:
    """Return the table in `content`.

    Raises
    ------
    HarnessError
        It is not a table in CSV: not UTF-8, no header, a column twice, a row with more or fewer
        cells than the header.
    """
    try:
        lines = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise HarnessError(f"not CSV in UTF-8: {error}") from error
    if not lines:
        raise HarnessError("the file is empty")
    header, *body = lines
    if len(set(header)) < len(header):
        raise HarnessError("a column is there twice")
    for number, line in enumerate(body, start=2):
        if len(line) != len(header):
            raise HarnessError(f"line {number} has {len(line)} cells under {len(header)} columns")
    return Written(tuple(header), tuple(dict(zip(header, line, strict=True)) for line in body))
