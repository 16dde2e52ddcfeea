"""The trainings of a connector: the stages' loop, and the files of its log folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from harness.errors import HarnessError
from harness.formats.rows import Row
from harness.stage.checkpoint import Checkpoint
from harness.stage.progress import Progress
from harness.stage.run import Run
from reproductions.shunt.connector.judge import Judge
from reproductions.shunt.connector.log import Log
from reproductions.shunt.data.split import Split
from reproductions.shunt.finals import taught
from reproductions.shunt.params.distillation import Distillation, Plain
from reproductions.shunt.params.training import ShuntTraining, Training
from reproductions.shunt.params.window import Window
from reproductions.shunt.surgery.rebuilding import rebuilt
from reproductions.shunt.training.imitation import shunt_tasks, shunt_weights
from reproductions.shunt.training.loop import Subject, Task, Weights, train
from reproductions.shunt.training.step import Objective
from reproductions.shunt.weights import restore

Shunts = Mapping[Window, Any]
"""Shunts by the window that each replaces."""


def run_of(stage: str, seed: int) -> Run:
    """Return the run of a step; it draws what the stage of that name draws."""
    return Run("shunt", stage, seed, Checkpoint(None), Progress(f"shunt/{stage}"))


@dataclass(frozen=True)
class Teacher:
    """The original network as the final one's teacher.

    Parameters
    ----------
    model
        It does not change.
    shunts
        Those of the final network.
    how
        What is learned from it.
    """

    model: Any
    shunts: Shunts
    how: Distillation


@dataclass(frozen=True)
class Course:
    """A training of one connector.

    Parameters
    ----------
    images, validation
        What is trained on, and what chooses the best epoch.
    judge
        Losses and metrics.
    log
        Where weights and history are kept, anew after every epoch.
    run
        Its seeds.
    """

    images: Split
    validation: Split
    judge: Judge
    log: Log
    run: Run

    def network(
        self,
        name: str,
        model: Any,
        how: Training,
        shunts: Sequence[str] = (),
        teacher: Teacher | None = None,
    ) -> list[Row]:
        """Train `model` to its best epoch and return the history.

        Parameters
        ----------
        name
            ``original`` or ``final``: of the files.
        shunts
            Names of the shunts in it, about which a policy of freezing speaks.
        teacher
            What the model learns from beside the labels.

        Raises
        ------
        HarnessError
            A loss is no number any more; model and files are those of the last good epoch.
        """
        trainee = on_one_device(model)
        goal = self.judge.goal(trainee, self.validation, how.batch_size)
        objective = self._objective(trainee, how, teacher)
        task = Task(name, lambda _: Subject(trainee, objective, goal, tuple(shunts)))
        written: list[Any] = []

        def watch(weights: Weights, history: Sequence[Row]) -> None:
            # A better epoch has just ended, so the model has its weights now.
            if not written or weights[name] is not written[-1]:
                self.log.weights(name, trainee)
                written[:] = [weights[name]]
            self.log.history(name, _named(history, self.judge))

        trained = train([task], self.images, self.validation, how, self.run, watch)
        restore(model, trained.weights[name], "the training")
        return trained.history

    def _objective(self, model: Any, how: Training, teacher: Teacher | None) -> Objective:
        if teacher is None or isinstance(teacher.how, Plain):
            return self.judge.objective(model)
        if self.judge.losses is not None:
            raise HarnessError(
                f"task_losses: the distillation '{teacher.how.kind}' has a loss of its own",
                "take your own losses with DISTILLATION.kind plain, or no own losses with it",
            )
        return taught(teacher.model, model, dict(teacher.shunts), teacher.how, self.images, how)

    def shunts(self, network: keras.Model, shunts: Shunts, how: ShuntTraining) -> list[Row]:
        """Train `shunts` on the maps of `network`, which does not change; return the history."""
        splits = (self.images, self.validation)
        trainees = {window: on_one_device(shunt) for window, shunt in shunts.items()}
        tasks = shunt_tasks(network, list(shunts), trainees.__getitem__, splits, how)
        written: list[Any] = []

        def watch(weights: Weights, history: Sequence[Row]) -> None:
            newest = list(weights.values())[-1]
            if not written or newest is not written[-1]:
                keep_shunts(self.log, trainees, weights=True)
                written[:] = [newest]
            self.log.history("shunt", _named(history, self.judge))

        trained = train(tasks, *splits, how, self.run, watch)
        for window, weights in shunt_weights(trained, shunts).items():
            restore(shunts[window], weights, "the training")
        return trained.history


def on_one_device(model: Any) -> Any:
    """Return `model`, or its copy on one device when its variables lie on several.

    Raises
    ------
    HarnessError
        The scope of a strategy is active, in which no variable can be made on one device.
    """
    if tf.distribute.has_strategy():
        raise HarnessError(
            "a training cannot begin inside of the distribution scope",
            "make models, losses and metrics inside of the 'with', and train after it",
        )
    spread = any(isinstance(one.value, tf.distribute.DistributedValues) for one in model.variables)
    return rebuilt(model, name=model.name) if spread else model


def mean_squared_error(network: keras.Model, shunts: Shunts, split: Split, size: int) -> float:
    """Return the mean squared error of `shunts` on `split`, of several the sum."""
    # The goal of their training measures it; a batch of one is none for a training.
    how = ShuntTraining(batch_size=max(size, 2))
    task, *_ = shunt_tasks(network, list(shunts), shunts.__getitem__, (split, split), how)
    goal = task.build({}).goal
    assert goal is not None
    return float(goal.measure()[goal.column] or 0)


def keep_shunts(log: Log, shunts: Shunts, *, weights: bool) -> None:
    """Keep every shunt in the log folder, or its weights; of several each under its window."""
    for window, shunt in shunts.items():
        name = "shunt" if len(shunts) == 1 else f"shunt_{window}"
        if weights:
            log.weights(name, shunt)
        else:
            log.model(name, shunt)


def _named(history: Sequence[Row], judge: Judge) -> list[Row]:
    """Return the history under the release's names, accuracies as shares."""
    names = {"learning_rate": "lr", "validation_mse": "val_loss"}
    return [
        {
            names.get(key, key.replace("validation_", "val_").replace(" ", "_")): value
            for key, value in _shares(row, judge).items()
            if key not in ("network", "epoch")
        }
        for row in history
    ]


def _shares(row: Row, judge: Judge) -> Row:
    if "train_accuracy" not in row:
        return row
    share = float(row["train_accuracy"] or 0) / 100
    segments = judge.props.task == "segmentation"
    rest = {key: value for key, value in row.items() if key != "train_accuracy"}
    return {**rest, "pixel_accuracy" if segments else "categorical_accuracy": share}
