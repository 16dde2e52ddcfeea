"""The harness's own steps, named `harness.<step>` in a spec or used by the compiler."""

from __future__ import annotations

from collections.abc import Mapping

from harness.data.params import DatasetParams
from harness.devices.params import SummaryParams
from harness.report.params import ReportParams
from harness.steps import Step
from harness.table.params import TableParams

STEPS: Mapping[str, Step] = {
    "dataset": Step(
        run="harness.data.step:materialise",
        params=DatasetParams,
        outputs={"images": "arrays"},
    ),
    "summarise": Step(
        run="harness.devices.step:summarise",
        params=SummaryParams,
        # What was measured: weights under any name, or networks that were exported from them.
        inputs={"record": "measurement", "exported": "arrays"},
        optional=frozenset({"exported"}),
        outputs={"rows": "rows"},
        more_inputs="weights",
    ),
    "table": Step(
        run="harness.table.step:render",
        params=TableParams,
        outputs={"csv": "rows", "markdown": "text", "latex": "text"},
        more_inputs="rows",
    ),
    "report": Step(
        run="harness.report.step:write_report",
        params=ReportParams,
        outputs={"verdicts": "record", "report": "text", "coverage": "record"},
        more_inputs="rows",
    ),
}
