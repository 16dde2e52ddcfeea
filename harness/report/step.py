"""The step that judges every claim and writes the report."""

from __future__ import annotations

from harness.report import markdown
from harness.report.params import ReportParams
from harness.report.results import of_inputs
from harness.report.verdicts import judge_all
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run


def write_report(inputs: Inputs, params: ReportParams, outputs: Outputs, _run: Run) -> None:
    """Write the outputs `verdicts`, `report` (Markdown) and `coverage` (numbers for DVC).

    The inputs are the tables' CSV files and the figures' folders, under the names that
    `harness.report.results.input_name` gives.
    """
    found = of_inputs(inputs, params.papers)
    report = judge_all(found, params, {})
    outputs.record("verdicts", report.as_json())
    outputs.text("report", markdown.dumps(report, found, params.papers))
    outputs.record("coverage", report.metrics())
