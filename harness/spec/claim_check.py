"""Cross-checks of claims and tables: cells, keys, units and sources."""

from __future__ import annotations

from collections.abc import Iterator

from harness.spec.base import Scalar
from harness.spec.claim import Cell, Claim
from harness.spec.paper import Column, Table
from harness.spec.problem import Path, Problem, near, one_of, shown
from harness.spec.scope import PaperScope
from harness.spec.unit import COUNT, convert


def claim_problems(scope: PaperScope) -> Iterator[Problem]:
    """Yield what is wrong with the claims of a paper."""
    for name, claim in scope.paper.claims.items():
        at: Path = ("claims", name)
        source = claim.source.publication
        path = (*at, "source", "publication")
        yield from scope.unknown("publications", source, path, "publication")
        if claim.decided_from not in scope.scope.profiles:
            path = (*at, "decided_from")
            yield scope.not_among(scope.scope.profiles, claim.decided_from, path, "profile")
        for part, cell in (("reproduced", claim.reproduced), ("against", claim.against)):
            if cell is not None:
                yield from _cell(scope, cell, (*at, part))
        yield from _units(scope, claim, at)
    for name, context in scope.paper.context.items():
        path = ("context", name, "source", "publication")
        yield from scope.unknown("publications", context.source.publication, path, "publication")


def table_problems(scope: PaperScope) -> Iterator[Problem]:
    """Yield what is wrong with the tables of a paper."""
    for name, table in scope.paper.tables.items():
        at: Path = ("tables", name)
        for index, reference in enumerate(table.rows):
            yield from scope.reference(reference, (*at, "rows", index), "rows")
        for part in ("key", "over_seeds"):
            for index, column in enumerate(getattr(table, part)):
                if column not in table.columns:
                    yield scope.not_among(table.columns, column, (*at, part, index), "column")
        for index, column in enumerate(table.over_seeds):
            if column in table.key:
                said = f"{shown(column)} names the rows; it is not averaged over the seeds"
                yield scope.problem((*at, "over_seeds", index), said, value=column)


def _cell(scope: PaperScope, cell: Cell, at: Path) -> Iterator[Problem]:
    yield from scope.unknown("tables", cell.table, (*at, "table"), "table")
    table = scope.paper.tables.get(cell.table)
    if table is None:
        return
    noun = f"table '{cell.table}' with the column"
    if _column(table, cell.column) is None:
        yield scope.not_among(_columns(table), cell.column, (*at, "column"), noun)
    for key in table.key:
        if key not in cell.row:
            said = f"the key column {shown(key)} is missing"
            yield scope.problem((*at, "row"), said, f"a value of each of {', '.join(table.key)}")
    for key, value in cell.row.items():
        yield from _row(scope, table, key, value, (*at, "row", key))


def _row(scope: PaperScope, table: Table, key: str, value: Scalar, path: Path) -> Iterator[Problem]:
    if key not in table.key:
        said = f"{shown(key)} is not a key column{near(key, table.key)}"
        yield scope.problem(path, said, one_of(table.key), value=key)
        return
    column = table.columns.get(key)
    values = column.values if column else None
    if values is not None and not any(_same(value, other) for other in values):
        words = [str(other) for other in values]
        said = f"no row has {shown(value)} under {shown(key)}{near(str(value), words)}"
        yield scope.problem(path, said, ", ".join(map(shown, values)), value=value)


def _same(value: Scalar, other: Scalar) -> bool:
    """Whether two keys are equal; `true` is not 1 here, as it is in Python."""
    return isinstance(value, bool) == isinstance(other, bool) and value == other


def _columns(table: Table) -> list[str]:
    """Return every column of the finished table."""
    averaged = [column for column in table.over_seeds if column in table.columns]
    deviations = [f"{column}_std" for column in averaged]
    return [*table.columns, *deviations, *(["seeds"] if deviations else [])]


def _column(table: Table, name: str) -> Column | None:
    """Return a column of the finished table, also one that averaging adds."""
    if name in table.columns:
        return table.columns[name]
    if table.over_seeds and name == "seeds":
        return Column(heading="seeds", unit=COUNT, digits=None, values=None)
    mean = name.removesuffix("_std")
    return table.columns.get(mean) if name != mean and mean in table.over_seeds else None


def _units(scope: PaperScope, claim: Claim, at: Path) -> Iterator[Problem]:
    if claim.reproduced is None:
        return
    column = _cell_column(scope, claim.reproduced)
    if column is None:
        return
    path = (*at, "reproduced", "column")
    if claim.against is not None:
        other = _cell_column(scope, claim.against)
        if other is not None and (column.unit is not None or other.unit is not None):
            yield from _unlike(scope, other.unit, column.unit, (*at, "against", "column"))
    elif claim.reported.unit is not None:
        if column.unit is None:
            said = f"the column {shown(claim.reproduced.column)} has no unit"
            yield scope.problem(path, said, f"a column in {claim.reported.unit}")
        else:
            yield from _unlike(scope, claim.reported.unit, column.unit, (*at, "reported", "unit"))


def _cell_column(scope: PaperScope, cell: Cell) -> Column | None:
    table = scope.paper.tables.get(cell.table)
    return _column(table, cell.column) if table else None


def _unlike(scope: PaperScope, unit: str | None, to: str | None, path: Path) -> Iterator[Problem]:
    if unit is None or to is None:
        said = "one of the two compared columns has a unit and the other has none"
        yield scope.problem(path, said, f"a column in {unit or to}")
        return
    try:
        convert(1.0, unit, to)
    except ValueError as error:
        said = f"{error}, the unit of the column"
        yield scope.problem(path, said, f"{to}, or a unit that converts to it", value=unit)
