"""The step that trains an ensemble."""

from __future__ import annotations

from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.ensemble_kd.data.split import PARTS, read_split
from reproductions.ensemble_kd.gluon.determinism import settle
from reproductions.ensemble_kd.params.ensemble import EnsembleParams
from reproductions.ensemble_kd.training.balance import unmeasured
from reproductions.ensemble_kd.training.building import build_chain, check_given, given_by
from reproductions.ensemble_kd.training.course import Job
from reproductions.ensemble_kd.training.evaluation import score_rows
from reproductions.ensemble_kd.training.loop import train


def train_ensemble(inputs: Inputs, params: EnsembleParams, outputs: Outputs, run: Run) -> None:
    """Train an ensemble; write its best values, its history, scores, agreement and gradients.

    The accuracies and the agreement are those of the best epoch's values on the test images.
    """
    settle(run.seed("framework"))
    images, validation, test = (read_split(inputs, part, params.network) for part in PARTS)
    given = given_by(inputs)
    check_given([params], given)
    chain = build_chain(params, given, run)
    guide = params.teacher
    job = Job(
        params.system,
        lambda: chain,
        images,
        validation,
        params,
        params.target,
        ahead=guide.ahead if guide else 0,
        gradients=params.gradients,
    )
    trained = train([job], run)
    pupil = chain[0]
    best = trained.best[job.name][pupil.name]
    pupil.assign(best, "the training")
    scores, agreement = score_rows(params.system, pupil, test, validation, params.batch_size)
    outputs.weights("weights", best)
    outputs.rows("history", trained.history)
    outputs.rows("scores", scores)
    outputs.rows("agreement", agreement)
    outputs.rows("gradients", trained.gradients or unmeasured(params))
