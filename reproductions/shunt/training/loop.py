"""What an epoch of a model's training is, and what one training after another gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import keras
import numpy as np

from harness.errors import HarnessError
from harness.formats.arrays import Array
from harness.formats.rows import Row
from harness.stage.run import Run
from reproductions import epochs
from reproductions.epochs import Planned, Trained
from reproductions.naming import under, within
from reproductions.shunt.data.split import Split
from reproductions.shunt.evaluation import Answer, answering, quality
from reproductions.shunt.params.training import ShuntTraining, Training
from reproductions.shunt.training.descent import optimiser_for, restore_slots, slots
from reproductions.shunt.training.finite import check_loss, check_weights
from reproductions.shunt.training.freezing import Freezer
from reproductions.shunt.training.schedule import rate
from reproductions.shunt.training.step import Objective, Step
from reproductions.shunt.weights import restore, snapshot

Weights = Mapping[str, Mapping[str, Array]]
"""The best weights of the tasks so far, by task."""

Watch = Callable[[Weights, Sequence[Row]], None]
"""Is shown the best weights by task and the history so far, after every epoch and at the end."""


@dataclass(frozen=True)
class Goal:
    """What the best epoch is chosen by.

    Parameters
    ----------
    column
        One of those that `measure` gives.
    measure
        Measures the model on validation images: columns of the history.
    lower
        Whether the lowest value is the best.
    """

    column: str
    measure: Callable[[], Row]
    lower: bool = False

    def best(self, rows: Sequence[Row]) -> bool:
        """Tell whether the last of `rows` is the best one; of equal ones the last is."""
        values = [float(row[self.column] or 0) for row in rows]
        return values[-1] == (min(values) if self.lower else max(values))


@dataclass(frozen=True)
class Subject:
    """What a task trains.

    Parameters
    ----------
    model
        In its initial state. What of it is trainable is trained, and all of it is saved.
    objective
        Calls the model.
    goal
        Left out, the accuracy on the validation images, or the mean IoU where they have masks.
    shunts
        The names of the shunts in the model, about which a policy of freezing speaks.
    """

    model: keras.Model
    objective: Objective
    goal: Goal | None = None
    shunts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Task:
    """One model to train.

    Parameters
    ----------
    name
        Tells its epochs apart in the history; unique within a stage.
    build
        Makes the subject, given the best weights of the tasks before it.
    look
        Returns further columns of the history, measured on the model after each epoch.
    """

    name: str
    build: Callable[[Weights], Subject]
    look: Callable[[keras.Model], Row] | None = None


def by_quality(answer: Answer, validation: Split, size: int) -> Goal:
    """Return the highest accuracy, or mean IoU, of `answer` on `validation` as the goal."""
    column = "validation_mean_iou" if validation.segmentation else "validation_accuracy"
    return Goal(column, lambda: {column: quality(answer, validation, size)})


@dataclass
class _Course:
    """One task on its way; `last` is the model's state after its last good epoch."""

    task: Task
    images: Split
    how: Training | ShuntTraining
    run: Run
    model: keras.Model
    goal: Goal
    optimiser: keras.optimizers.Optimizer
    freezer: Freezer
    step: Step
    last: dict[str, Array]
    rows: list[Row] = field(default_factory=list)

    @classmethod
    def begin(
        cls, task: Task, splits: tuple[Split, Split], how: Training | ShuntTraining, run: Run,
        done: Weights,
    ) -> _Course:  # fmt: skip
        images, validation = splits
        subject = task.build(done)
        model = subject.model
        goal = subject.goal or by_quality(answering(model), validation, how.batch_size)
        optimiser = optimiser_for(how, model)
        policy = how.freeze if isinstance(how, Training) else "nothing"
        freezer = Freezer(model, policy, subject.shunts)
        step = Step(model, subject.objective, optimiser)
        state = snapshot(model)
        return cls(task, images, how, run, model, goal, optimiser, freezer, step, state)

    def resume(self, state: Mapping[str, Array], history: Sequence[Row]) -> None:
        restore(self.model, within("model", state), "the checkpoint")
        restore_slots(self.optimiser, within("slots", state))
        self.last = snapshot(self.model)
        self.rows = [row for row in history if row["network"] == self.task.name]

    def epoch(self, number: int) -> list[Row]:
        rate_now = self._rate()
        if self.freezer.thaw(number):
            self.step.compile()
        _reseed(self.model, self.run.generator("dropout", number))
        self.optimiser.learning_rate.assign(rate_now)
        row: Row = {"network": self.task.name, "epoch": number + 1, "learning_rate": rate_now}
        row |= self._trained(number)
        row |= self.goal.measure()
        row |= self.task.look(self.model) if self.task.look is not None else {}
        self.rows.append(row)
        return [row]

    def is_best(self) -> bool:
        return self.goal.best(self.rows)

    def weights(self) -> dict[str, Array]:
        return self.last

    def state(self) -> dict[str, Array]:
        return {**under("model", self.last), **under("slots", slots(self.optimiser))}

    def note(self) -> str:
        column = self.goal.column
        value = float(self.rows[-1][column] or 0)
        return f"{self.task.name}, {column.replace('_', ' ')} {value:.4g}"

    def _rate(self) -> float:
        """Return the learning rate of the next epoch."""
        return rate(self.how, [_sum(row["loss"], row["regulariser"]) for row in self.rows])

    def _trained(self, number: int) -> Row:
        """Train for one epoch, whose order depends on its number alone; return its means."""
        how = self.how
        totals: dict[str, float] = {}
        seen = 0
        place = f"{self.task.name}, epoch {number + 1}"
        order = self.run.generator("epoch", number)
        try:
            for batch in self.images.epoch(how.batch_size, order, how.augment):
                size = int(batch[2].shape[0])
                found = {name: float(value) for name, value in self.step(*batch).items()}
                check_loss(found, f"{place}, batch {seen // how.batch_size + 1}")
                totals = {name: totals.get(name, 0.0) + found[name] * size for name in found}
                seen += size
            state = snapshot(self.model)
            check_weights(state, place)
        except HarnessError:
            restore(self.model, self.last, "the last good epoch")
            raise
        self.last = state
        return {name: total / seen for name, total in totals.items()}


def _sum(*values: Any) -> float:
    return sum(map(float, values))


def _reseed(model: keras.Model, generator: np.random.Generator) -> None:
    """Let what layers draw in an epoch depend on the epoch alone, and so not on a kill."""
    for variable in model.variables:
        if variable.path.endswith("seed_generator_state"):
            drawn = generator.integers(0, 2**32, variable.shape[0], np.uint32)
            variable.assign(drawn)


def train(
    tasks: Sequence[Task],
    images: Split,
    validation: Split,
    how: Training | ShuntTraining,
    run: Run,
    watch: Watch = lambda _weights, _history: None,
) -> Trained:
    """Train one task after the other, each to its best epoch on the validation images.

    Of equally good epochs the last is taken. Test images play no part. A run that was killed goes
    on to the same bytes.

    Raises
    ------
    HarnessError
        A loss or a weight is no number any more. The checkpoint stays that of the last good epoch,
        and so does the model.
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
