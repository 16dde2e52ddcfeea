"""The step that trains shunts on the features of the original network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras

from harness.formats.arrays import Array
from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.epochs import Trained
from reproductions.shunt.data.split import Split
from reproductions.shunt.determinism import settle
from reproductions.shunt.evaluation import Answer, answering
from reproductions.shunt.original import read_splits
from reproductions.shunt.params.shunt import System
from reproductions.shunt.params.systems import ShuntsParams
from reproductions.shunt.params.window import Window
from reproductions.shunt.scores import Scorer
from reproductions.shunt.stored import new_shunts, read_network, read_systems, stored_shunts
from reproductions.shunt.surgery.replacement import with_shunts
from reproductions.shunt.training.imitation import shunt_history, shunt_tasks, shunt_weights
from reproductions.shunt.training.loop import Subject, Task, Weights, train
from reproductions.shunt.weights import restore


@dataclass(frozen=True)
class Imitated:
    """A system on its way: its shunts as they were drawn, and the tasks that train them.

    `whole` is a network with copies of the shunts in it, and `answer` what that answers.
    """

    system: System
    shunts: dict[Window, Any]
    tasks: list[Task]
    whole: keras.Model
    answer: Answer

    @classmethod
    def begin(
        cls,
        network: keras.Model,
        system: System,
        splits: tuple[Split, Split],
        params: ShuntsParams,
        seed: int,
    ) -> Imitated:
        """Return the trainings of the shunts of `system`, whose names begin with the system's."""
        shunts = new_shunts(network, params.network, system, seed)
        tasks = shunt_tasks(network, list(shunts), shunts.__getitem__, splits, params)
        whole = with_shunts(network, shunts)
        renamed = [_renamed(task, system.name) for task in tasks]
        return cls(system, shunts, renamed, whole, answering(whole))

    def finish(self, trained: Trained) -> dict[str, Array]:
        """Give the shunts in the whole network their best weights; return these as stored."""
        own = Trained(_within(self.system.name, trained.weights), trained.history)
        weights = shunt_weights(own, self.shunts)
        for window, found in weights.items():
            restore(self.whole.get_layer(self.shunts[window].name), found, "the training")
        return stored_shunts(self.system, weights)

    def history(self, trained: Trained) -> list[Row]:
        """Return a row for each epoch and shunt."""
        start = _prefix(self.system.name)
        rows = [row for row in trained.history if str(row["network"]).startswith(start)]
        return [{"system": self.system.name, **row} for row in shunt_history(rows)]


def _prefix(system: str) -> str:
    return f"{system} "


def _within(system: str, weights: Weights) -> dict[str, dict[str, Array]]:
    start = _prefix(system)
    return {
        name.removeprefix(start): dict(found)
        for name, found in weights.items()
        if name.startswith(start)
    }


def _renamed(task: Task, system: str) -> Task:
    """Return `task` under a name that is its own among all systems of the stage."""

    def build(done: Weights) -> Subject:
        return task.build(_within(system, done))

    return Task(f"{_prefix(system)}{task.name}", build, task.look)


def train_shunts(inputs: Inputs, params: ShuntsParams, outputs: Outputs, run: Run) -> None:
    """Step: train the shunts of every system, and score the networks with them.

    `scores` has each system with shunts as they were drawn and with trained ones; nothing else of
    the network has learned then.
    """
    settle(run.seed("settle"))
    images, validation, test = read_splits(inputs, params.network)
    network = read_network(inputs, "original", params.network)
    scorer = Scorer(network, validation, test, params.batch_size)
    systems = [
        Imitated.begin(network, system, (images, validation), params, run.seed("initial"))
        for system in read_systems(inputs, params)
    ]
    rows = [scorer.row(one.whole, one.answer, one.system, "inserted") for one in systems]
    tasks = [task for one in systems for task in one.tasks]
    trained = train(tasks, images, validation, params, run)
    weights: dict[str, Array] = {}
    for one in systems:
        weights |= one.finish(trained)
    rows += [scorer.row(one.whole, one.answer, one.system, "imitating") for one in systems]
    outputs.weights("weights", weights)
    outputs.rows("history", [row for one in systems for row in one.history(trained)])
    outputs.rows("scores", rows)
