"""The step that holds what a search has foreseen against what came of it."""

from __future__ import annotations

from collections.abc import Sequence

from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.shunt.params.comparison import ComparisonParams

_PLAIN = "plain"


def compare_search(inputs: Inputs, params: ComparisonParams, outputs: Outputs, run: Run) -> None:  # noqa: ARG001 - the contract of a step
    """Step: write for every system of a search what it costs, what it ought to lose, and loses.

    A system that is not trained has no score. `rows` has one row a system and metric.
    """
    outputs.rows("rows", rows_of(inputs.rows("choices"), inputs.rows("scores")))


def rows_of(choices: Sequence[Row], scores: Sequence[Row]) -> list[Row]:
    """Return one row for each system and metric of `choices`, with the scores of one seed."""
    found: dict[tuple[object, object], list[Row]] = {}
    for row in choices:
        found.setdefault((row["system"], row["metric"]), []).append(row)
    trained = {row["system"]: row for row in scores if row["distillation"] == _PLAIN}
    return [_row(rows, trained.get(rows[0]["system"])) for rows in found.values()]


def _row(rows: list[Row], scored: Row | None) -> Row:
    first = rows[0]
    placed = [row for row in rows if row["window"]]
    return {
        "system": first["system"],
        "metric": first["metric"],
        "chosen_by": first["chosen_by"],
        "keep": _percent(first["keep"]),
        "windows": "; ".join(str(row["window"]) for row in placed),
        "shunts": "; ".join(f"{row['architecture']}" for row in placed),
        "remaining": _percent(first["remaining_share"]),
        "macs": _percent(first["macs_share"]),
        "parameters": _percent(first["parameters_share"]),
        "foreseen": _percent(first["total_loss"]),
        "score": None if scored is None else scored["score"],
        "drop": None if scored is None else scored["drop"],
        "refused": first["refused"] or "",
    }


def _percent(share: object) -> float | None:
    return None if share is None else 100 * float(str(share))
