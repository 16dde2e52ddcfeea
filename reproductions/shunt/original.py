"""The step that trains the network as it is before any shunt."""

from __future__ import annotations

import keras

from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.shunt.data.split import Split, read_split
from reproductions.shunt.determinism import settle
from reproductions.shunt.models import build, logits
from reproductions.shunt.params.costs import ORIGINAL
from reproductions.shunt.params.network import Network
from reproductions.shunt.params.original import OriginalParams
from reproductions.shunt.scores import Scorer
from reproductions.shunt.training.loop import Subject, Task, train
from reproductions.shunt.training.objective import supervised
from reproductions.shunt.weights import restore

Splits = tuple[Split, Split, Split]


def read_splits(inputs: Inputs, network: Network) -> Splits:
    """Return training, validation and test images of the input `images`, fit for `network`."""
    train_, validation, test = (
        read_split(inputs, part, network) for part in ("train", "validation", "test")
    )
    return train_, validation, test


def original_task(model: keras.Model, ignore: int | None) -> Task:
    """Return the training of `model` by the labels alone."""
    return Task(ORIGINAL, lambda _: Subject(model, supervised(logits(model), ignore)))


def train_original(inputs: Inputs, params: OriginalParams, outputs: Outputs, run: Run) -> None:
    """Step: train the network and write its best weights, its history and its scores."""
    settle(run.seed("settle"))
    images, validation, test = read_splits(inputs, params.network)
    model = build(params.network, run.seed("initial"))
    trained = train([original_task(model, images.ignore)], images, validation, params, run)
    restore(model, trained.weights[ORIGINAL], "the training")
    outputs.weights("weights", trained.weights[ORIGINAL])
    outputs.rows("history", trained.history)
    outputs.rows("scores", [Scorer(model, validation, test, params.batch_size).whole])
