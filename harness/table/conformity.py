"""Whether a written table is one that its spec could have written.

A claim rests on a whole table, not on a lucky cell: a column that was renamed, a row that the
spec does not know, or two rows of one key mean that the file is not what the stage makes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation

from harness.spec.base import Scalar
from harness.spec.paper import Table
from harness.table.csv import Written, cell_text
from harness.table.escape import one_line
from harness.table.model import COMPLETE, CURRENT, headings, rounded

_FIRST_LINE = 2
_SHOWN = 40


def deviation(name: str, table: Table, written: Written) -> str:
    """Return how `written` differs in form from the table `name` of a spec; "" when it does not."""
    found = (*_columns(table, written), *_unknown(table, written), *_doubled(table, written))
    return f"table '{name}' {found[0]}" if found else ""


def holds(cell: str, value: Scalar, digits: int | None) -> bool:
    """Return whether the cell of a key column holds `value`; 3 is 3.0, and text is only text."""
    if cell == cell_text(rounded(value, digits)):
        return True
    if isinstance(value, bool | str):
        return False
    try:
        return Decimal(cell) == Decimal(str(rounded(value, digits)))
    except InvalidOperation:
        return False


def _columns(table: Table, written: Written) -> Iterator[str]:
    known = [head.name for head in headings(table)]
    yield from (f"has no column '{one}'" for one in known if one not in written.columns)
    for one in written.columns:
        if one not in known and one not in (CURRENT, COMPLETE):
            yield f"has a column that its spec does not know: '{_short(one)}'"


def _unknown(table: Table, written: Written) -> Iterator[str]:
    for line, row in enumerate(written.rows, start=_FIRST_LINE):
        for column in table.key:
            spec, cell = table.columns[column], row.get(column)
            if spec.values is None or cell is None:
                continue
            if not any(holds(cell, one, spec.digits) for one in spec.values):
                said = f"{column} {_short(cell)}"
                yield f"has a row that its spec does not know: {said} (line {line})"


def _doubled(table: Table, written: Written) -> Iterator[str]:
    lines: dict[tuple[str | None, ...], int] = {}
    for line, row in enumerate(written.rows, start=_FIRST_LINE):
        key = tuple(row.get(column) for column in table.key)
        first = lines.setdefault(key, line)
        if first != line:
            yield f"has 2 rows {_named(row, table)} (lines {first} and {line})"


def _named(row: Mapping[str, str], table: Table) -> str:
    return ", ".join(f"{column} {_short(row.get(column, ''))}" for column in table.key)


def _short(text: str) -> str:
    return one_line(text[: 2 * _SHOWN])[:_SHOWN]
