"""A table's content: rows of stages, checked, ordered, averaged and rounded.

Everything is pure and exact: the mean and the deviation are rational until they are rounded, and
a number is rounded from its shortest decimal form, half to even, so that 2.675 to two places is
2.68 (the tie that it looks like) and not 2.67 (the binary number that it is).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

from harness.errors import HarnessError
from harness.formats.rows import Row, Value
from harness.spec.paper import Column, Table
from harness.spec.unit import COUNT
from harness.table.average import mean, sample_deviation

SEED = "seed"
SEEDS = "seeds"
DEVIATION = "_std"
CURRENT = "current"
COMPLETE = "complete"

Cell = bool | int | float | Decimal | str | None

# Wide enough that the rounding of no double ever fails.
_EXACT = Context(prec=800, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True)
class Heading:
    """The head of one column: its machine name, its heading, unit and decimal places."""

    name: str
    heading: str
    unit: str | None = None
    digits: int | None = None


@dataclass(frozen=True)
class TableContent:
    """A table as every writer sees it: cells are rounded numbers, plain text, or None."""

    name: str
    caption: str
    headings: tuple[Heading, ...]
    rows: tuple[tuple[Cell, ...], ...]


def headings(table: Table) -> tuple[Heading, ...]:
    """Return the columns of `table`, among them those that averaging over seeds adds."""
    found: list[Heading] = []
    for name, column in table.columns.items():
        found.append(Heading(name, column.heading, column.unit, column.digits))
        if name in table.over_seeds:
            heading = f"{column.heading}, std"
            found.append(Heading(f"{name}{DEVIATION}", heading, column.unit, column.digits))
    if table.over_seeds:
        found.append(Heading(SEEDS, "Seeds", COUNT))
    return tuple(found)


def content(name: str, table: Table, rows: Sequence[Row]) -> TableContent:
    """Return the content of the table `name`.

    Rows are ordered by their key columns, the first one first: by the order of the column's
    `values` where it declares them, else by the order in which its values first appear. When a
    row has the column `current` or `complete` (a device result), the table gets it as well.

    Raises
    ------
    HarnessError
        A row lacks a column, has a key outside the declared values, holds NaN or an infinity,
        or has the key of another row. All faults are told at once.
    """
    faults = [
        f"table '{name}', row {number}: {fault}"
        for number, row in enumerate(rows, start=1)
        for fault in _faults(table, row)
    ]
    if faults:
        raise HarnessError(
            "\n".join(faults), "change the table's spec, or the stage that made the rows"
        )
    marks = [mark for mark in (CURRENT, COMPLETE) if any(mark in row for row in rows)]
    heads = headings(table) + tuple(
        Heading(mark, mark.capitalize()) for mark in marks if mark not in table.columns
    )
    _distinct(name, heads)
    averaged = [_average(name, table, group) for group in _groups(name, table, rows)]
    made = [{**dict.fromkeys(marks, True), **row} for row in averaged]
    return TableContent(
        name=name,
        caption=table.caption,
        headings=heads,
        rows=tuple(
            tuple(rounded(row[head.name], head.digits) for head in heads)
            for row in _ordered(table, made)
        ),
    )


def _distinct(name: str, heads: Sequence[Heading]) -> None:
    names = [head.name for head in heads]
    twice = sorted({one for one in names if names.count(one) > 1})
    if twice:
        raise HarnessError(
            f"table '{name}': the column {', '.join(twice)} is declared and is also added by us",
            "give the declared column another name",
        )


def rounded(value: Value, digits: int | None) -> Cell:
    """Return `value` with `digits` decimal places, half to even; only a number changes."""
    if digits is None or value is None or isinstance(value, bool | str):
        return value
    rounded = Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits), context=_EXACT)
    return abs(rounded) if rounded.is_zero() else rounded


def text(cell: Cell) -> str:
    """Return `cell` as text: no exponent in a rounded number, nothing for None."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return repr(cell + 0.0) if isinstance(cell, float) else str(cell)


def is_number(cell: Cell) -> bool:
    """Say whether `cell` is a number, and not text that looks like one."""
    return isinstance(cell, int | float | Decimal) and not isinstance(cell, bool)


def _faults(table: Table, row: Row) -> Iterable[str]:
    for column, spec in table.columns.items():
        if column not in row:
            yield f"there is no column '{column}'; the row has {', '.join(row)}"
            continue
        value = row[column]
        if isinstance(value, float) and not math.isfinite(value):
            yield f"column '{column}' holds {value}, which is no number"
        elif column in table.key and not _allowed(value, spec):
            allowed = ", ".join(str(one) for one in spec.values or ()) or "anything but nothing"
            yield f"column '{column}' holds {value!r}; allowed: {allowed}"


def _allowed(value: Value, column: Column) -> bool:
    if value is None:
        return False
    return column.values is None or any(_same(value, one) for one in column.values)


def _same(one: Value, other: Value) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _key(table: Table, row: Row) -> tuple[str, ...]:
    return tuple(text(rounded(row[column], table.columns[column].digits)) for column in table.key)


def _groups(name: str, table: Table, rows: Sequence[Row]) -> list[list[Row]]:
    """The rows by their key; more than one only where columns are averaged over seeds."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(_key(table, row), []).append(row)
    for key, group in groups.items():
        seeds = [row.get(SEED) for row in group]
        if len(group) > 1 and (not table.over_seeds or len(set(seeds)) < len(seeds)):
            seed = f" and seeds {seeds}" if table.over_seeds else ""
            raise HarnessError(
                f"table '{name}': {len(group)} rows have the key {', '.join(key)}{seed}",
                "add the column that tells them apart to 'key', or average 'over_seeds'",
            )
    return list(groups.values())


def _average(name: str, table: Table, group: list[Row]) -> Row:
    """One row of a group: averaged columns, and the others, which must not vary."""
    if not table.over_seeds:
        return group[0]
    row: Row = dict(group[0])
    for column in table.columns:
        values = [one[column] for one in group]
        if column in table.over_seeds:
            numbers = _numbers(name, column, values)
            row[column] = mean(numbers) if numbers else None
            row[f"{column}{DEVIATION}"] = sample_deviation(numbers)
        elif any(not _same(value, values[0]) for value in values):
            raise HarnessError(
                f"table '{name}': column '{column}' varies with the seed: {values}",
                f"add '{column}' to 'over_seeds'",
            )
    for mark in (CURRENT, COMPLETE):
        if any(mark in one for one in group):
            row[mark] = all(one.get(mark, True) for one in group)
    row[SEEDS] = len(group)
    return row


def _numbers(name: str, column: str, values: Sequence[Value]) -> list[int | float]:
    """The numbers to average: one a seed, or none where no seed has one."""
    if all(value is None for value in values):
        return []
    numbers = [value for value in values if is_number(value)]
    if len(numbers) < len(values):
        raise HarnessError(f"table '{name}': column '{column}' holds {values}, not only numbers")
    return [value for value in numbers if isinstance(value, int | float)]


def _ordered(table: Table, rows: Sequence[Row]) -> list[Row]:
    ranks = {column: _ranks(column, table.columns[column], rows) for column in table.key}

    def place(row: Mapping[str, Value]) -> list[int]:
        return [ranks[column][text(row[column])] for column in table.key]

    return sorted(rows, key=place)


def _ranks(column: str, spec: Column, rows: Sequence[Row]) -> dict[str, int]:
    """The place of each value: as `values` declares it, or as the rows first show it."""
    appearing = list(dict.fromkeys(text(row[column]) for row in rows))
    if spec.values is None:
        return {value: place for place, value in enumerate(appearing)}
    return {
        text(row[column]): place
        for row in rows
        for place, value in enumerate(spec.values)
        if _same(row[column], value)
    }
