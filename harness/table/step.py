"""The step that renders a table from the rows of stages."""

from __future__ import annotations

from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from harness.table import csv, latex, markdown
from harness.table.model import content
from harness.table.params import TableParams


def render(inputs: Inputs, params: TableParams, outputs: Outputs, _run: Run) -> None:
    """Write the table as the outputs `csv`, `markdown` and `latex`.

    Raises
    ------
    HarnessError
        The rows do not make the table (`harness.table.model.content`).
    """
    rows = [row for name in params.inputs for row in inputs.rows(name)]
    made = content(params.name, params.table, rows)
    outputs.rows("csv", csv.cells(made))
    outputs.text("markdown", markdown.dumps(made))
    outputs.text("latex", latex.dumps(made))
