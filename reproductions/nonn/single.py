"""The baseline: one small network alone, with and without the teacher's class scores."""

from __future__ import annotations

import numpy as np
from torch import Tensor, nn

from harness.formats.arrays import Array
from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.naming import under
from reproductions.nonn.determinism import settle
from reproductions.nonn.distillation import knowledge_loss
from reproductions.nonn.evaluation import accuracy
from reproductions.nonn.images import Batch, read_split
from reproductions.nonn.label import label
from reproductions.nonn.networks import Classifier, initialise, parameters
from reproductions.nonn.params.single import SingleParams
from reproductions.nonn.scores import score
from reproductions.nonn.teacher import Lesson, read_teacher, supervised
from reproductions.nonn.training import Objective, Task, train
from reproductions.nonn.weights import restore

_NAMES = {True: "distilled", False: "alone"}


def train_single(inputs: Inputs, params: SingleParams, outputs: Outputs, run: Run) -> None:
    """Train the network once for each of `params.distilled`; write weights, histories, scores.

    Both start from the same weights. The teacher gives class scores only: its features have
    another width. The weights stand under ``distilled`` and ``alone``.
    """
    settle()
    images, validation, test = (
        read_split(inputs, part, params.network) for part in ("train", "validation", "test")
    )
    teacher = read_teacher(inputs, "teacher", params.teacher)
    lesson = Lesson(teacher, images, params.batch_size, fixed=params.augment is None)
    tasks = {distilled: _task(params, lesson, run, distilled) for distilled in params.distilled}
    trained = train(list(tasks.values()), images, validation, params, run)
    weights: dict[str, Array] = {}
    scores: list[Row] = []
    model = Classifier(params.network)
    for distilled, task in tasks.items():
        restore(model, trained.weights[task.name], "the training")
        weights |= under(_NAMES[distilled], trained.weights[task.name])
        scores.append(
            score(
                role="alone",
                network=label(params.network),
                students=1,
                partition="none",
                distilled=distilled,
                training="none",
                parameters=parameters(model),
                accuracy=accuracy(model, test, params.batch_size),
                validation_accuracy=accuracy(model, validation, params.batch_size),
            )
        )
    outputs.weights("weights", weights)
    outputs.rows("history", trained.history)
    outputs.rows("scores", scores)


def _task(params: SingleParams, lesson: Lesson, run: Run, distilled: bool) -> Task:
    seed = run.seed("initial")

    def begin() -> tuple[nn.Module, Objective]:
        return _distilled(params, lesson, seed) if distilled else supervised(params.network, seed)

    return Task(f"{label(params.network)} {_NAMES[distilled]}", begin)


def _distilled(params: SingleParams, lesson: Lesson, seed: int) -> tuple[nn.Module, Objective]:
    model = Classifier(params.network)
    initialise(model, seed)

    def objective(batch: Batch, _random: np.random.Generator) -> tuple[Tensor, Tensor]:
        logits, _ = model(batch.images)
        wanted, _ = lesson(batch)
        return knowledge_loss(logits, wanted, batch.labels, params.knowledge), logits

    return model, objective
