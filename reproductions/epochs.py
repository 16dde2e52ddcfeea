"""Trainings of a stage, one after another: a checkpoint after every epoch, and the best of each.

What an epoch does is its paper's. That a killed stage goes on to the same bytes is decided here,
by what is kept and when.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from harness.formats.arrays import Array
from harness.formats.rows import Row
from harness.stage.checkpoint import Saved
from harness.stage.run import Run
from reproductions.naming import under, within

Weights = dict[str, Array]
"""What a training makes, by name."""


class Course(Protocol):
    """One training on its way."""

    def resume(self, state: Mapping[str, Array], history: Sequence[Row]) -> None:
        """Take up what `state` has returned; `history` are all rows of the stage until then."""

    def epoch(self, number: int) -> Sequence[Row]:
        """Train for epoch `number`, counted from 0, and return its rows.

        All that is drawn in it depends on its number alone, and so not on a kill.
        """
        ...

    def is_best(self) -> bool:
        """Tell whether no epoch was better than the last one."""
        ...

    def weights(self) -> Weights:
        """Return what is trained, as the last epoch left it."""
        ...

    def state(self) -> Weights:
        """Return everything that the next epoch continues from, beside the history."""
        ...

    def note(self) -> str:
        """Say in a few words what the last epoch reached."""
        ...


C = TypeVar("C", bound=Course)


@dataclass(frozen=True)
class Planned(Generic[C]):
    """A training that is yet to begin.

    Parameters
    ----------
    name
        Unique within a stage.
    epochs
        How many it has.
    begin
        Makes it, given the best weights of those before it.
    """

    name: str
    epochs: int
    begin: Callable[[Mapping[str, Weights]], C]


@dataclass
class Trained:
    """What the trainings of a stage gave.

    Parameters
    ----------
    weights
        Those of the best epoch of each training that has begun, by its name.
    history
        The rows of all epochs.
    finished
        Whether all epochs were trained.
    """

    weights: dict[str, Weights]
    history: list[Row]
    finished: bool = False


@dataclass(frozen=True)
class Epoch(Generic[C]):
    """An epoch that has just ended, and that the checkpoint holds.

    Parameters
    ----------
    number
        Counted from 1 within its training.
    rows
        Its own.
    best
        Whether it is the best of its training so far.
    trained
        What the stage has until now.
    """

    course: C
    number: int
    rows: Sequence[Row]
    best: bool
    trained: Trained


def train(
    trainings: Sequence[Planned[C]],
    run: Run,
    watch: Callable[[Epoch[C]], None] = lambda _: None,
    stop_after: int | None = None,
) -> Trained:
    """Run the trainings in their order, each to its best epoch; of equally good ones the last.

    After every epoch a checkpoint holds the finished trainings and the running one, so that a run
    that was killed goes on to the same bytes. One that the checkpoint holds whole is not begun.

    Parameters
    ----------
    watch
        Is called after every epoch.
    stop_after
        So many epochs of all trainings together, in this and in earlier processes, and then the
        stage returns unfinished; None for all.

    Raises
    ------
    HarnessError
        Whatever ends an epoch early: the checkpoint stays that of the epoch before.
    """
    saved = run.checkpoint.load() or Saved(0, {}, [])
    trained = Trained({}, list(saved.rows))
    total = sum(one.epochs for one in trainings)
    done, before = saved.done, 0
    for one in trainings:
        finished = min(max(done - before, 0), one.epochs)
        before += one.epochs
        kept = within(f"best.{one.name}", saved.tensors)
        if finished == one.epochs:
            trained.weights[one.name] = kept
            continue
        course = one.begin(trained.weights)
        if finished:
            trained.weights[one.name] = kept
            course.resume(saved.tensors, trained.history)
        for number in range(finished, one.epochs):
            if stop_after is not None and done >= stop_after:
                return trained
            rows = course.epoch(number)
            done += 1
            trained.history += rows
            best = course.is_best()
            if best:
                trained.weights[one.name] = course.weights()
            _save(run, done, course, trained)
            watch(Epoch(course, number + 1, rows, best, trained))
            run.progress(done, total, course.note())
    trained.finished = True
    return trained


def _save(run: Run, done: int, course: Course, trained: Trained) -> None:
    content = course.state()
    for name, best in trained.weights.items():
        content |= under(f"best.{name}", best)
    run.checkpoint.save(done, content, trained.history)
