"""The step that trains networks with shunts as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras

from harness.formats.arrays import Array
from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.naming import under, within
from reproductions.shunt.data.split import Split
from reproductions.shunt.determinism import settle
from reproductions.shunt.evaluation import Answer, answering
from reproductions.shunt.original import read_splits
from reproductions.shunt.params.distillation import Distillation, label_of
from reproductions.shunt.params.network import Network
from reproductions.shunt.params.shunt import System
from reproductions.shunt.params.systems import Final, FinalsParams
from reproductions.shunt.params.training import Training
from reproductions.shunt.params.window import Window
from reproductions.shunt.scores import Scorer
from reproductions.shunt.stored import (
    new_shunts,
    read_network,
    read_shunts,
    read_systems,
    read_weights,
)
from reproductions.shunt.surgery.replacement import with_shunts
from reproductions.shunt.training.loop import Subject, Task, by_quality, train
from reproductions.shunt.training.objective import distilled
from reproductions.shunt.training.step import Objective
from reproductions.shunt.training.taps import tapped
from reproductions.shunt.training.teacher import asking, told
from reproductions.shunt.weights import restore


def taught(
    original: keras.Model,
    student: keras.Model,
    shunts: dict[Window, Any],
    how: Distillation,
    images: Split,
    training: Training,
) -> Objective:
    """Return what `student`, the `original` with `shunts`, is trained by.

    Parameters
    ----------
    images
        Those of the training: the original is asked about each once where they do not change.
    """
    teacher, own = tapped(original, student, {at: shunt.name for at, shunt in shunts.items()}, how)

    def ask(batch: Any) -> list[Any]:
        said = teacher(batch, training=False)
        return list(said) if isinstance(said, list | tuple) else [said]

    fixed = training.augment is None
    answers = told(asking(ask, images), images, training.batch_size, fixed=fixed)
    return distilled(own, answers, how, images.ignore)


@dataclass
class Graduate:
    """A network with shunts on its way through its final training.

    Parameters
    ----------
    original
        The network as it was.
    shunts
        Trained ones, of which it gets copies.
    final
        What it learns from.
    """

    original: keras.Model
    shunts: dict[Window, Any]
    final: Final

    @cached_property
    def model(self) -> keras.Model:
        """The network."""
        return with_shunts(self.original, self.shunts)

    @cached_property
    def answer(self) -> Answer:
        """What it answers."""
        return answering(self.model)

    def task(self, images: Split, validation: Split, training: Training) -> Task:
        """Return its training."""

        def begin(_: object) -> Subject:
            how = self.final.distillation
            objective = taught(self.original, self.model, self.shunts, how, images, training)
            goal = by_quality(self.answer, validation, training.batch_size)
            names = tuple(shunt.name for shunt in self.shunts.values())
            return Subject(self.model, objective, goal, names)

        return Task(self.final.name, begin)


def train_final(inputs: Inputs, params: FinalsParams, outputs: Outputs, run: Run) -> None:
    """Step: train every network of `finals` as a whole, from its trained shunts on.

    The original network is the teacher of those that are distilled.
    """
    settle(run.seed("settle"))
    images, validation, test = read_splits(inputs, params.network)
    original = read_network(inputs, "original", params.network)
    systems = {system.name: system for system in read_systems(inputs, params)}
    shunts = {
        name: read_shunts(inputs, "shunts", original, params.network, system)
        for name, system in systems.items()
    }
    graduates = [Graduate(original, shunts[one.system], one) for one in params.finals]
    tasks = [graduate.task(images, validation, params) for graduate in graduates]
    trained = train(tasks, images, validation, params, run)
    scorer = Scorer(original, validation, test, params.batch_size)
    weights: dict[str, Array] = {}
    scores: list[Row] = []
    for one in graduates:
        found = trained.weights[one.final.name]
        weights |= under(one.final.name, found)
        restore(one.model, found, "the training")
        system, label = systems[one.final.system], label_of(one.final.distillation)
        scores.append(scorer.row(one.model, one.answer, system, "final", label))
    outputs.weights("weights", weights)
    outputs.rows("history", trained.history)
    outputs.rows("scores", scores)


def read_final(
    inputs: Inputs,
    name: str,
    original: keras.Model,
    network: Network,
    final: Final,
    system: System,
) -> keras.Model:
    """Return the network of `system` after its `final` training, from the input `name`."""
    student = with_shunts(original, new_shunts(original, network, system, seed=0))
    weights, place = read_weights(inputs, name)
    restore(student, within(final.name, weights), f"{place}, '{final.name}'")
    return student
