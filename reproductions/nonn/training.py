"""What an epoch of a network's training is, and what one training after another gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import numpy as np
from torch import Tensor, nn

from harness.formats.arrays import Array
from harness.formats.rows import Row
from harness.stage.run import Run
from reproductions import epochs
from reproductions.epochs import Planned, Trained
from reproductions.naming import under, within
from reproductions.nonn.descent import Descent
from reproductions.nonn.evaluation import accuracy
from reproductions.nonn.images import Batch, Split
from reproductions.nonn.params.training import Training
from reproductions.nonn.weights import restore, snapshot

Objective = Callable[[Batch, np.random.Generator], tuple[Tensor, Tensor]]
"""From a batch to the loss (a scalar) and the model's logits (B, classes).

The generator is the epoch's own: what a loss draws depends on the number of the epoch alone.
"""

Watch = Callable[[Mapping[str, dict[str, Array]], Sequence[Row]], None]
"""Is shown the best weights by task and the history so far, after every epoch and at the end."""

Splits = tuple[Split, Split]
"""What is learned from, and what the best epoch is chosen on."""


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


def rate(how: Training, epoch: int) -> float:
    """The learning rate of `epoch`, counted from zero."""
    return how.learning_rate * how.schedule.gamma ** (epoch // how.schedule.step)


@dataclass
class _Course:
    """One task on its way; `last` is what the model was after its last epoch."""

    task: Task
    splits: Splits
    how: Training
    run: Run
    model: nn.Module
    objective: Objective
    update: Update
    last: dict[str, Array] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)

    @classmethod
    def begin(cls, task: Task, splits: Splits, how: Training, run: Run, _done: object) -> _Course:
        model, objective = task.build()
        update: Update = Descent(model, how.momentum, how.weight_decay)
        if task.update is not None:
            update = task.update(model)
        return cls(task, splits, how, run, model, objective, update)

    def resume(self, state: Mapping[str, Array], history: Sequence[Row]) -> None:
        self.last = within("model", state)
        restore(self.model, self.last, "the checkpoint")
        self.rows = [row for row in history if row["network"] == self.task.name]
        for row in self.rows:
            self.update.close(row)
        self.update.restore(within("momentum", state))

    def epoch(self, number: int) -> list[Row]:
        row = self._trained(number) | self._measured()
        self.update.close(row)
        self.last = snapshot(self.model)
        self.rows.append(row)
        return [row]

    def is_best(self) -> bool:
        reached = [float(row["validation_accuracy"] or 0) for row in self.rows]
        return reached[-1] == max(reached)

    def weights(self) -> dict[str, Array]:
        return self.last

    def state(self) -> dict[str, Array]:
        return {**under("model", self.last), **under("momentum", self.update.state())}

    def note(self) -> str:
        return f"{self.task.name}, validation {self.rows[-1]['validation_accuracy']:.1f} %"

    def _trained(self, number: int) -> Row:
        """Train for one epoch, whose order depends on its number alone; return what it cost."""
        images, how = self.splits[0], self.how
        self.model.train()
        random = self.run.generator("loss", number)
        total, right, seen = 0.0, 0, 0
        order = self.run.generator("epoch", number)
        for batch in images.epoch(how.batch_size, order, how.augment):
            loss, logits = self.objective(batch, random)
            self.update.gradients(loss)
            self.update.step(rate(how, number))
            total += float(loss.detach()) * len(batch.labels)
            right += int((logits.detach().argmax(1) == batch.labels).sum())
            seen += len(batch.labels)
        return {
            "network": self.task.name,
            "epoch": number + 1,
            "loss": total / seen,
            "train_accuracy": 100 * right / seen,
        }

    def _measured(self) -> Row:
        row: Row = {
            "validation_accuracy": accuracy(self.model, self.splits[1], self.how.batch_size)
        }
        return row | (self.task.look(self.model) if self.task.look is not None else {})


def train(
    tasks: Sequence[Task],
    images: Split,
    validation: Split,
    how: Training,
    run: Run,
    watch: Watch = lambda _weights, _history: None,
) -> Trained:
    """Train one task after the other, each to its best epoch on the validation images.

    The best epoch has the highest validation accuracy; of equal ones the last is taken. Test
    images play no part. A run that was killed goes on to the same bytes.
    """
    splits = (images, validation)
    planned = [
        Planned(task.name, how.epochs, partial(_Course.begin, task, splits, how, run))
        for task in tasks
    ]
    trained = epochs.train(
        planned, run, lambda seen: watch(seen.trained.weights, seen.trained.history)
    )
    watch(trained.weights, trained.history)
    return trained
