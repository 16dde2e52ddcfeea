"""The step that trains each width alone."""

from __future__ import annotations

from collections.abc import Sequence

from harness.formats.arrays import Array
from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.ensemble_kd.data.split import PARTS, read_split
from reproductions.ensemble_kd.gluon.determinism import settle
from reproductions.ensemble_kd.params.separate import SeparateParams
from reproductions.ensemble_kd.training.building import build_ensemble
from reproductions.ensemble_kd.training.course import Job
from reproductions.ensemble_kd.training.learner import Learner
from reproductions.ensemble_kd.training.loop import Watch, train
from reproductions.ensemble_kd.training.scoring import Scoring
from reproductions.naming import under

_NAME = "ensemble"
"""Of each network, which is an ensemble of one."""


def train_separate(inputs: Inputs, params: SeparateParams, outputs: Outputs, run: Run) -> None:
    """Train a network of each width, all from the same first weights; write them and their scores.

    The values of a width stand under ``separate`` and its bits, such as ``separate8``.
    """
    settle(run.seed("framework"))
    images, validation, test = (read_split(inputs, part, params.network) for part in PARTS)
    jobs = [
        Job(
            f"separate{bits}", lambda bits=bits: _alone(params, bits, run),  # type: ignore[misc]
            images, validation, params, bits,
        )
        for bits in params.widths
    ]  # fmt: skip
    scoring = Scoring(test, validation, lambda _: params.system)
    trained = train(jobs, run, Watch(epoch=scoring.after_epoch))
    weights: dict[str, Array] = {}
    scores: list[Row] = []
    for job in jobs:
        weights |= under(job.name, trained.best[job.name][_NAME])
        scores += scoring.rows(job.name, job.build, trained, params.batch_size)
    outputs.weights("weights", weights)
    outputs.rows("history", trained.history)
    outputs.rows("scores", scores)


def _alone(params: SeparateParams, bits: int, run: Run) -> Sequence[Learner]:
    network = build_ensemble(
        params.network,
        (bits,),
        params.quantisation,
        run.generator("initial"),
        params.initialisation,
    )
    return [Learner(_NAME, network, (bits,), training=params)]
