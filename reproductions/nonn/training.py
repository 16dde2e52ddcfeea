"""The one training loop: epochs, choice of the best one, checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from torch import Tensor, nn

from harness.formats.arrays import Array
from harness.formats.rows import Row
from harness.stage.run import Run
from reproductions.nonn.descent import Descent
from reproductions.nonn.evaluation import accuracy
from reproductions.nonn.images import Batch, Split
from reproductions.nonn.params.training import Training
from reproductions.nonn.weights import restore, snapshot, under, within

Objective = Callable[[Batch, np.random.Generator], tuple[Tensor, Tensor]]
"""From a batch to the loss (a scalar) and the model's logits (B, classes).

The generator is the epoch's own: what a loss draws depends on the number of the epoch alone.
"""

Watch = Callable[[Mapping[str, dict[str, Array]], Sequence[Row]], None]
"""Is shown the best weights by task and the history so far, after every epoch and at the end."""


class Update(Protocol):
    """How a model's parameters move; `Descent` by default."""

    def gradients(self, loss: Tensor) -> None:
        """Replace the gradient of every parameter by that of `loss`."""

    def step(self, rate: float) -> None:
        """Move every parameter; `rate` is the schedule's learning rate of this epoch."""

    def close(self, row: Row) -> None:
        """End an epoch, whose history row is `row`."""

    def state(self) -> dict[str, Array]:
        """What the next epoch continues from, besides the closed epochs."""
        ...

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take up what `state` has returned, after the same epochs were closed."""


@dataclass(frozen=True)
class Task:
    """One model to train.

    Parameters
    ----------
    name
        Tells its epochs apart in the history; unique within a stage.
    build
        Returns the model in its initial state and the objective, which calls the model.
    update
        Returns what moves the parameters of the model; left out, the descent that the training
        parameters describe.
    look
        Returns further columns of the history, measured on the model after each epoch.
    """

    name: str
    build: Callable[[], tuple[nn.Module, Objective]]
    update: Callable[[nn.Module], Update] | None = None
    look: Callable[[nn.Module], Row] | None = None


@dataclass(frozen=True)
class Trained:
    """What the training of a stage's tasks gave: weights by task, and a row for each epoch."""

    weights: dict[str, dict[str, Array]]
    history: list[Row]


@dataclass
class _Course:
    """One task on its way."""

    task: Task
    model: nn.Module
    objective: Objective
    update: Update

    @classmethod
    def begin(cls, task: Task, how: Training) -> _Course:
        model, objective = task.build()
        update: Update = Descent(model, how.momentum, how.weight_decay)
        if task.update is not None:
            update = task.update(model)
        return cls(task, model, objective, update)

    def state(self) -> dict[str, Array]:
        """Everything that the next epoch continues from."""
        return {**under("model", snapshot(self.model)), **under("momentum", self.update.state())}

    def resume(self, state: Mapping[str, Array], history: Sequence[Row]) -> None:
        """Take up what `state` has returned when the task's epochs were those of `history`."""
        restore(self.model, within("model", state), "the checkpoint")
        for row in history:
            self.update.close(row)
        self.update.restore(within("momentum", state))


def rate(how: Training, epoch: int) -> float:
    """The learning rate of `epoch`, counted from zero."""
    return how.learning_rate * how.schedule.gamma ** (epoch // how.schedule.step)


def train(
    tasks: Sequence[Task],
    images: Split,
    validation: Split,
    how: Training,
    run: Run,
    watch: Watch | None = None,
) -> Trained:
    """Train one task after the other, each to its best epoch on the validation images.

    After every epoch a checkpoint holds the finished tasks and the running one, so that a run
    that was killed goes on to the same bytes. The best epoch has the highest validation accuracy;
    of equal ones the last is taken. Test images play no part.
    """
    saved = run.checkpoint.load()
    tensors = saved.tensors if saved else {}
    history = list(saved.rows) if saved else []
    weights: dict[str, dict[str, Array]] = {}
    for position, task in enumerate(tasks):
        weights[task.name] = within(f"best.{task.name}", tensors)
        done = min(len(history) - position * how.epochs, how.epochs)
        if done == how.epochs:
            continue
        course = _Course.begin(task, how)
        if done > 0:
            course.resume(tensors, history[-done:])
        for epoch in range(done, how.epochs):
            row = _epoch(course, epoch, (images, validation), how, run)
            history.append(row)
            if row["validation_accuracy"] == _highest(history, task.name):
                weights[task.name] = snapshot(course.model)
            _save(course, weights, history, run)
            if watch is not None:
                watch(weights, history)
            _tell(row, len(history), len(tasks) * how.epochs, run)
    if watch is not None:
        watch(weights, history)
    return Trained(weights, history)


def _epoch(
    course: _Course, epoch: int, splits: tuple[Split, Split], how: Training, run: Run
) -> Row:
    """Train for one epoch, whose order depends on its number alone; return its history row."""
    images, validation = splits
    course.model.train()
    random = run.generator("loss", epoch)
    total, right, seen = 0.0, 0, 0
    for batch in images.epoch(how.batch_size, run.generator("epoch", epoch), how.augment):
        loss, logits = course.objective(batch, random)
        course.update.gradients(loss)
        course.update.step(rate(how, epoch))
        total += float(loss.detach()) * len(batch.labels)
        right += int((logits.detach().argmax(1) == batch.labels).sum())
        seen += len(batch.labels)
    row: Row = {
        "network": course.task.name,
        "epoch": epoch + 1,
        "loss": total / seen,
        "train_accuracy": 100 * right / seen,
        "validation_accuracy": accuracy(course.model, validation, how.batch_size),
    }
    if course.task.look is not None:
        row |= course.task.look(course.model)
    course.update.close(row)
    return row


def _highest(history: Sequence[Row], name: str) -> float:
    return max(float(row["validation_accuracy"] or 0) for row in history if row["network"] == name)


def _save(
    course: _Course, weights: Mapping[str, dict[str, Array]], history: Sequence[Row], run: Run
) -> None:
    content = course.state()
    for name, best in weights.items():
        content |= under(f"best.{name}", best)
    run.checkpoint.save(len(history), content, history)


def _tell(row: Row, done: int, total: int, run: Run) -> None:
    note = f"{row['network']}, validation {row['validation_accuracy']:.1f} %"
    run.progress(done, total, note)
