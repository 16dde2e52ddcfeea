"""Cells of rows that a figure needs, or what is wrong with them."""

from __future__ import annotations

from harness.errors import HarnessError
from harness.formats.rows import Row


def number(row: Row, column: str) -> float:
    """Return the number in `column`; raise HarnessError where there is none."""
    value = row.get(column)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _lacks(row, column, "number")
    return float(value)


def positive(row: Row, column: str) -> float:
    """Return the number in `column`, which a logarithmic axis can show."""
    value = number(row, column)
    if value <= 0:
        raise _lacks(row, column, "number above 0")
    return value


def whole(row: Row, column: str) -> int:
    """Return the whole number in `column`; raise HarnessError where there is none."""
    value = number(row, column)
    if value != int(value):
        raise _lacks(row, column, "whole number")
    return int(value)


def text(row: Row, column: str) -> str:
    """Return what `column` says; raise HarnessError where it says nothing."""
    value = row.get(column)
    if value is None:
        raise _lacks(row, column, "text")
    return str(value)


def _lacks(row: Row, column: str, wanted: str) -> HarnessError:
    cells = ", ".join(f"{name} {value}" for name, value in row.items())
    return HarnessError(
        f"a figure needs a {wanted} in the column '{column}'; a row has {cells or 'no cells'}",
        f"give the figure rows that have a {wanted} there",
    )
