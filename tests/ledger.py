"""The ledger of faults: what was tried and what happened, a line each.

Every test of a fault enters its lines. Each process of the test run keeps a file of its own; at
the end of the run they become one table, `.harness/tests/faults.csv` and `faults.md`.
"""

import csv
import io
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / ".harness" / "tests"
_COLUMNS = ("family", "fault", "where", "tried", "outcome")


@dataclass(frozen=True, order=True)
class Line:
    """One fault: its family, the fault, where it struck, how often, and what happened."""

    family: str
    fault: str
    where: str
    tried: int
    outcome: str


def enter(line: Line) -> None:
    """Keep a line for the table of this test run."""
    parts = FOLDER / "faults.parts"
    parts.mkdir(parents=True, exist_ok=True)
    with (parts / f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(line)) + "\n")


def begin() -> None:
    """Forget the parts of an earlier test run."""
    for part in (FOLDER / "faults.parts").glob("*.jsonl"):
        part.unlink(missing_ok=True)


def finish() -> None:
    """Write the table of all lines, summing what was tried several times; none, no table."""
    texts = (FOLDER / "faults.parts").glob("*.jsonl")
    lines = [Line(**json.loads(one)) for part in texts for one in part.read_text().splitlines()]
    if lines:
        table = _summed(lines)
        (FOLDER / "faults.csv").write_text(_csv(table), encoding="utf-8")
        (FOLDER / "faults.md").write_text(_markdown(table), encoding="utf-8")
    begin()


def _summed(lines: Iterable[Line]) -> list[Line]:
    counts: dict[tuple[str, str, str, str], int] = {}
    for line in lines:
        key = (line.family, line.fault, line.where, line.outcome)
        counts[key] = counts.get(key, 0) + line.tried
    return sorted(Line(a, b, c, tried, d) for (a, b, c, d), tried in counts.items())


def _csv(lines: list[Line]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(line) for line in lines)
    return text.getvalue()


def _markdown(lines: list[Line]) -> str:
    rows = [[str(getattr(line, column)) for column in _COLUMNS] for line in lines]
    table = [list(_COLUMNS), ["---"] * len(_COLUMNS), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |\n" for row in table)
