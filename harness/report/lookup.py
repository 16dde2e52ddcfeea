"""Finding the cell that a claim names in a table as it was written."""

from __future__ import annotations

from collections.abc import Mapping

from harness import verdict
from harness.report.results import FoundTable
from harness.spec.claim import Cell
from harness.table.conformity import holds
from harness.table.csv import cell_text
from harness.table.model import COMPLETE, CURRENT, Heading

_MARKS = {CURRENT: "measured other weights", COMPLETE: "the measurement is not complete"}


def find(cell: Cell, table: FoundTable, heads: Mapping[str, Heading]) -> verdict.Cell:
    """Return what `table` holds under `cell`, or why it holds nothing that counts."""
    unit = heads[cell.column].unit if cell.column in heads else None
    if table.written is None:
        return verdict.Cell(unit=unit, reason=table.reason)
    absent = [name for name in (*cell.row, cell.column) if name not in table.written.columns]
    if absent:
        reason = f"table '{cell.table}' has no column '{absent[0]}'"
        return verdict.Cell(unit=unit, reason=reason)
    rows = [row for row in table.written.rows if _is_named(row, cell, heads)]
    if len(rows) != 1:
        named = ", ".join(f"{name} {cell_text(value)}" for name, value in cell.row.items())
        what = f"has {len(rows)} rows" if rows else "has no row"
        return verdict.Cell(unit=unit, reason=f"table '{cell.table}' {what} {named}")
    marked = [reason for mark, reason in _MARKS.items() if rows[0].get(mark, "true") != "true"]
    return verdict.Cell(rows[0][cell.column], unit, marked[0] if marked else "")


def _is_named(row: Mapping[str, str], cell: Cell, heads: Mapping[str, Heading]) -> bool:
    digits = {name: heads[name].digits if name in heads else None for name in cell.row}
    return all(holds(row[name], value, digits[name]) for name, value in cell.row.items())
