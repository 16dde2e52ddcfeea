"""The one training loop: epochs, choice of the best one, checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from harness.errors import HarnessError
from harness.formats.arrays import Array
from harness.formats.rows import Row
from harness.stage.run import Run
from reproductions.shunt.data.split import Split
from reproductions.shunt.evaluation import Answer, answering, quality
from reproductions.shunt.params.training import ShuntTraining, Training
from reproductions.shunt.training.descent import optimiser_for, restore_slots, slots
from reproductions.shunt.training.finite import check_loss, check_weights
from reproductions.shunt.training.freezing import Freezer
from reproductions.shunt.training.schedule import rate
from reproductions.shunt.training.step import Objective, Step
from reproductions.shunt.weights import restore, snapshot, under, within

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


@dataclass(frozen=True)
class Trained:
    """What the training of a stage's tasks gave: weights by task, and a row for each epoch."""

    weights: dict[str, dict[str, Array]]
    history: list[Row]


@dataclass
class _Course:
    """One task on its way; `last` is the model's state after its last good epoch."""

    task: Task
    model: keras.Model
    goal: Goal
    optimiser: keras.optimizers.Optimizer
    freezer: Freezer
    step: Step
    last: dict[str, Array]
    rows: list[Row] = field(default_factory=list)

    @classmethod
    def begin(
        cls, task: Task, done: Weights, validation: Split, how: Training | ShuntTraining
    ) -> _Course:
        subject = task.build(done)
        model = subject.model
        goal = subject.goal or by_quality(answering(model), validation, how.batch_size)
        optimiser = optimiser_for(how, model)
        policy = how.freeze if isinstance(how, Training) else "nothing"
        freezer = Freezer(model, policy, subject.shunts)
        step = Step(model, subject.objective, optimiser)
        return cls(task, model, goal, optimiser, freezer, step, snapshot(model))

    def state(self) -> dict[str, Array]:
        """Everything that the next epoch continues from, beside the history."""
        return {**under("model", self.last), **under("slots", slots(self.optimiser))}

    def resume(self, state: Mapping[str, Array], rows: Sequence[Row]) -> None:
        """Take up what `state` has returned when the task's epochs were those of `rows`."""
        restore(self.model, within("model", state), "the checkpoint")
        restore_slots(self.optimiser, within("slots", state))
        self.last, self.rows = snapshot(self.model), list(rows)

    def rate(self, how: Training | ShuntTraining) -> float:
        """Return the learning rate of the next epoch."""
        return rate(how, [_sum(row["loss"], row["regulariser"]) for row in self.rows])


def _sum(*values: Any) -> float:
    return sum(map(float, values))


def by_quality(answer: Answer, validation: Split, size: int) -> Goal:
    """Return the highest accuracy, or mean IoU, of `answer` on `validation` as the goal."""
    column = "validation_mean_iou" if validation.segmentation else "validation_accuracy"
    return Goal(column, lambda: {column: quality(answer, validation, size)})


def train(
    tasks: Sequence[Task],
    images: Split,
    validation: Split,
    how: Training | ShuntTraining,
    run: Run,
    watch: Watch | None = None,
) -> Trained:
    """Train one task after the other, each to its best epoch on the validation images.

    After every epoch a checkpoint holds the finished tasks and the running one, so that a run
    that was killed goes on to the same bytes. Of equally good epochs the last is taken. Test
    images play no part.

    Raises
    ------
    HarnessError
        A loss or a weight is no number any more. The checkpoint stays that of the last good epoch,
        and so does the model.
    """
    saved = run.checkpoint.load()
    tensors = saved.tensors if saved else {}
    history = list(saved.rows) if saved else []
    weights: dict[str, dict[str, Array]] = {}
    for position, task in enumerate(tasks):
        done = min(len(history) - position * how.epochs, how.epochs)
        if done == how.epochs:
            weights[task.name] = within(f"best.{task.name}", tensors)
            continue
        course = _Course.begin(task, weights, validation, how)
        if done > 0:
            weights[task.name] = within(f"best.{task.name}", tensors)
            course.resume(tensors, history[-done:])
        for _ in range(max(done, 0), how.epochs):
            row = _epoch(course, images, how, run)
            history.append(row)
            course.rows.append(row)
            if course.goal.best(course.rows):
                weights[task.name] = course.last
            _save(course, weights, history, run)
            if watch is not None:
                watch(weights, history)
            _tell(course, len(history), len(tasks) * how.epochs, run)
    if watch is not None:
        watch(weights, history)
    return Trained(weights, history)


def _epoch(course: _Course, images: Split, how: Training | ShuntTraining, run: Run) -> Row:
    """Train for one epoch, whose order depends on its number alone; return its history row."""
    number, rate_now = len(course.rows), course.rate(how)
    if course.freezer.thaw(number):
        course.step.compile()
    _reseed(course.model, run.generator("dropout", number))
    course.optimiser.learning_rate.assign(rate_now)
    totals: dict[str, float] = {}
    seen = 0
    place = f"{course.task.name}, epoch {number + 1}"
    order = run.generator("epoch", number)
    try:
        for batch in images.epoch(how.batch_size, order, how.augment):
            size = int(batch[2].shape[0])
            found = {name: float(value) for name, value in course.step(*batch).items()}
            check_loss(found, f"{place}, batch {seen // how.batch_size + 1}")
            totals = {name: totals.get(name, 0.0) + found[name] * size for name in found}
            seen += size
        state = snapshot(course.model)
        check_weights(state, place)
    except HarnessError:
        restore(course.model, course.last, "the last good epoch")
        raise
    course.last = state
    row: Row = {"network": course.task.name, "epoch": number + 1, "learning_rate": rate_now}
    row |= {name: total / seen for name, total in totals.items()}
    row |= course.goal.measure()
    return row | (course.task.look(course.model) if course.task.look is not None else {})


def _reseed(model: keras.Model, generator: np.random.Generator) -> None:
    """Let what layers draw in an epoch depend on the epoch alone, and so not on a kill."""
    for variable in model.variables:
        if variable.path.endswith("seed_generator_state"):
            drawn = generator.integers(0, 2**32, variable.shape[0], np.uint32)
            variable.assign(drawn)


def _save(course: _Course, weights: Weights, history: Sequence[Row], run: Run) -> None:
    content = course.state()
    for name, best in weights.items():
        content |= under(f"best.{name}", best)
    run.checkpoint.save(len(history), content, history)


def _tell(course: _Course, done: int, total: int, run: Run) -> None:
    column = course.goal.column
    value = float(course.rows[-1][column] or 0)
    run.progress(done, total, f"{course.task.name}, {column.replace('_', ' ')} {value:.4g}")
