"""The step that trains one ensemble in several forms."""

from __future__ import annotations

from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.ensemble_kd.data.split import PARTS, read_split
from reproductions.ensemble_kd.gluon.determinism import settle
from reproductions.ensemble_kd.params.variants import VariantsParams
from reproductions.ensemble_kd.training.balance import unmeasured
from reproductions.ensemble_kd.training.building import build_chain, check_given, given_by
from reproductions.ensemble_kd.training.course import Job
from reproductions.ensemble_kd.training.loop import Watch, train
from reproductions.ensemble_kd.training.scoring import Scoring


def train_variants(inputs: Inputs, params: VariantsParams, outputs: Outputs, run: Run) -> None:
    """Train every variant from the same first weights; write scores and, if asked, gradients."""
    settle(run.seed("framework"))
    images, validation, test = (read_split(inputs, part, params.base.network) for part in PARTS)
    made = [params.made(variant) for variant in params.variants]
    given = given_by(inputs)
    check_given(made, given)
    jobs = [
        Job(
            one.system, lambda one=one: build_chain(one, given, run),  # type: ignore[misc]
            images, validation, one, one.target,
            ahead=one.teacher.ahead if one.teacher else 0, gradients=one.gradients,
        )
        for one in made
    ]  # fmt: skip
    scoring = Scoring(test, validation, str)
    trained = train(jobs, run, Watch(epoch=scoring.after_epoch))
    scores: list[Row] = []
    for job in jobs:
        scores += scoring.rows(job.name, job.build, trained, params.base.batch_size)
    outputs.rows("scores", scores)
    outputs.rows("gradients", trained.gradients or unmeasured(params.base))
