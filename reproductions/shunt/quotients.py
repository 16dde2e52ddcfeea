"""The step that measures knowledge quotients of blocks and of windows."""

from __future__ import annotations

from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.shunt.architecture import describe
from reproductions.shunt.data.split import read_split
from reproductions.shunt.determinism import settle
from reproductions.shunt.evaluation import Answer, quality
from reproductions.shunt.knowledge import Quotient, joint_quotients, of_answers
from reproductions.shunt.params.knowledge import KnowledgeParams
from reproductions.shunt.params.window import windows_of
from reproductions.shunt.scores import task_of
from reproductions.shunt.stored import read_network


def measure_knowledge(inputs: Inputs, params: KnowledgeParams, outputs: Outputs, run: Run) -> None:  # noqa: ARG001 - the contract of a step
    """Step: take what is residual out of every block and window, on the validation split.

    `windows` has a row for every window in which something is residual, those of one block too;
    `rows` has of these the single blocks, and the windows that `params` names.
    """
    settle()
    validation = read_split(inputs, "validation", params.network)
    model = read_network(inputs, "weights", params.network)

    def score(answer: Answer) -> float:
        return quality(answer, validation, params.batch_size)

    every = windows_of(len(describe(params.network).blocks))
    found = joint_quotients(model, of_answers(score), every, compat=params.compat).quotients
    outputs.rows("windows", [_row(one) for one in found])
    outputs.rows(
        "rows",
        [
            {"task": task_of(validation), **_row(one)}
            for one in (
                *(one for one in found if len(one.window.blocks) == 1),
                *(one for one in found if one.window in params.windows),
            )
        ],
    )


def _row(one: Quotient) -> Row:
    return {
        "window": str(one.window),
        "first": one.window.first,
        "last": one.window.last,
        "blocks": len(one.window.blocks),
        "removed": len(one.removed),
        "full_score": one.full,
        "score": one.score,
        "quotient": one.quotient,
    }
