"""The step that scores every subset of students, as when the others do not answer."""

from __future__ import annotations

from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.nonn.determinism import settle
from reproductions.nonn.images import read_split
from reproductions.nonn.params.survivors import SurvivorsParams
from reproductions.nonn.students import trained
from reproductions.nonn.survivors import subset_accuracies


def score_survivors(inputs: Inputs, params: SurvivorsParams, outputs: Outputs, run: Run) -> None:
    """Step: one row for each subset of the students of each system, on the test images."""
    settle()
    split = read_split(inputs, "test", params.student)
    weights = inputs.weights("students")
    rows: list[Row] = []
    for done, number in enumerate(params.students, start=1):
        system = trained(params.student, weights, number)
        found = subset_accuracies(system, split, params.batch_size)
        rows += [{"dropout": params.dropout, **row} for row in found]
        run.progress(done, len(params.students), f"{number} students")
    outputs.rows("rows", rows)
