"""The teacher: its training, and what it tells the students."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.nonn.determinism import settle
from reproductions.nonn.evaluation import accuracy, answers
from reproductions.nonn.images import Batch, Split, read_split
from reproductions.nonn.label import label
from reproductions.nonn.networks import Classifier, initialise, parameters
from reproductions.nonn.params.network import Network
from reproductions.nonn.params.teacher import TeacherParams
from reproductions.nonn.scores import score
from reproductions.nonn.training import Objective, Task, train
from reproductions.nonn.weights import restore


def supervised(network: Network, seed: int) -> tuple[Classifier, Objective]:
    """Return a classifier drawn from `seed`, and the cross entropy of its answers."""
    model = Classifier(network)
    initialise(model, seed)
    return model, classified(model)


def classified(
    model: nn.Module, loss: Callable[[Tensor, Tensor], Tensor] = functional.cross_entropy
) -> Objective:
    """Return the `loss` of the logits of `model` against the labels, as an objective."""

    def objective(batch: Batch, _random: np.random.Generator) -> tuple[Tensor, Tensor]:
        logits, _ = model(batch.images)
        return loss(logits, batch.labels), logits

    return objective


def train_teacher(inputs: Inputs, params: TeacherParams, outputs: Outputs, run: Run) -> None:
    """Train the teacher and write its best weights, its history and its scores."""
    settle()
    name = label(params.network)
    images, validation, test = (
        read_split(inputs, part, params.network) for part in ("train", "validation", "test")
    )
    task = Task(name, lambda: supervised(params.network, run.seed("initial")))
    trained = train([task], images, validation, params, run)
    model = Classifier(params.network)
    restore(model, trained.weights[name], "the training")
    row = score(
        role="teacher",
        network=name,
        students=1,
        partition="none",
        distilled=False,
        training="none",
        parameters=parameters(model),
        accuracy=accuracy(model, test, params.batch_size),
        validation_accuracy=accuracy(model, validation, params.batch_size),
    )
    outputs.weights("weights", trained.weights[name])
    outputs.rows("history", trained.history)
    outputs.rows("scores", [row])


def read_teacher(inputs: Inputs, name: str, network: Network) -> Classifier:
    """Return the trained `network` whose weights are the input `name`, ready to answer."""
    model = Classifier(network)
    restore(model, inputs.weights(name), str(inputs.path(name)))
    model.eval().requires_grad_(False)
    return model


class Lesson:
    """What a frozen teacher says of training images: logits and features.

    Without augmentation an image is the same in every epoch, so each is asked about once.
    """

    def __init__(self, teacher: nn.Module, images: Split, batch_size: int, *, fixed: bool) -> None:
        self.teacher = teacher
        self.known: tuple[Tensor, Tensor] | None = None
        if fixed:
            said = [(logits, maps) for _, logits, maps in answers(teacher, images, batch_size)]
            logits, features = zip(*said, strict=True)
            self.known = torch.cat(logits), torch.cat(features)

    def __call__(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the teacher's logits (B, classes) and features (B, filters) for `batch`."""
        if self.known is None:
            with torch.no_grad():
                logits, features = self.teacher(batch.images)
            return logits, features
        logits, features = self.known
        return logits[batch.index], features[batch.index]
