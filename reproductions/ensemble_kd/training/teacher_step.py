"""The step that trains a teacher which is no ensemble."""

from __future__ import annotations

from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.ensemble_kd.data.split import PARTS, Split, read_any
from reproductions.ensemble_kd.gluon.determinism import settle
from reproductions.ensemble_kd.params.network import Network
from reproductions.ensemble_kd.params.quantisation import FULL
from reproductions.ensemble_kd.params.teacher import TeacherParams
from reproductions.ensemble_kd.training.building import build_single
from reproductions.ensemble_kd.training.course import Job
from reproductions.ensemble_kd.training.evaluation import score_rows
from reproductions.ensemble_kd.training.learner import Learner
from reproductions.ensemble_kd.training.loop import train


def train_teacher(inputs: Inputs, params: TeacherParams, outputs: Outputs, run: Run) -> None:
    """Train the teacher; write its best values, its history and its scores."""
    settle(run.seed("framework"))
    images, validation, test = (read_any(inputs, part) for part in PARTS)
    network = build_single(params.network, _seen(images), run.generator("initial"))
    learner = Learner("teacher", network, (FULL,), training=params)
    job = Job(params.system, lambda: [learner], images, validation, params, FULL)
    trained = train([job], run)
    best = trained.best[job.name][learner.name]
    learner.assign(best, "the training")
    scores, _ = score_rows(params.system, learner, test, validation, params.batch_size)
    outputs.weights("weights", best)
    outputs.rows("history", trained.history)
    outputs.rows("scores", scores)


def _seen(images: Split) -> Network:
    """Return what images and classes a network for `images` takes."""
    _, size, _, channels = images.images.shape
    return Network.model_validate(
        {"classes": images.classes, "image_size": size, "image_channels": channels}
    )
