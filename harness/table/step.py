"""The step that renders a table from the rows of stages."""

from __future__ import annotations

from harness.formats.atomic import write_text
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from harness.table import csv, latex, markdown
from harness.table.model import content
from harness.table.params import TableParams


def render(inputs: Inputs, params: TableParams, outputs: Outputs, _run: Run) -> None:
    """Write the table as ``<name>.csv``, ``.md`` and ``.tex`` into the output `table`.

    The inputs bear the references of `params.table.rows` as their names (``costs.rows``).

    Raises
    ------
    HarnessError
        The rows do not make the table (`harness.table.model.content`).
    """
    rows = [row for reference in params.table.rows for row in inputs.rows(reference)]
    made = content(params.name, params.table, rows)
    folder = outputs.folder("table")
    write_text(folder / f"{params.name}.csv", csv.dumps(made))
    write_text(folder / f"{params.name}.md", markdown.dumps(made))
    write_text(folder / f"{params.name}.tex", latex.dumps(made))
