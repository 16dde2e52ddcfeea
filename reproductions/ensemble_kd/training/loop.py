"""The one training loop: epochs, choice of the best one, checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.formats.arrays import Array
from harness.formats.rows import Row
from harness.stage.run import Run
from reproductions.ensemble_kd.training.course import Course, Job, Step, Values
from reproductions.ensemble_kd.training.naming import under, within


@dataclass(frozen=True)
class Epoch:
    """What a watcher sees after an epoch.

    Parameters
    ----------
    number
        Counted from 1, those before the pupil's first too.
    rows
        Of its history: one for each network that learns and each of its widths.
    best
        Whether it is the best so far.
    course
        The networks and the optimisers, for a watcher who saves them.
    """

    job: Job
    number: int
    rows: Sequence[Row]
    best: bool
    course: Course


@dataclass(frozen=True)
class Watch:
    """Who is told how a training goes, and when it ends early.

    Parameters
    ----------
    step
        Is called after every batch.
    epoch
        Is called after every epoch, when the checkpoint holds it.
    stop_after
        So many epochs of all jobs together are trained, in this and in earlier processes, and
        then the training returns unfinished; None for all.
    """

    step: Callable[[Step], None] | None = None
    epoch: Callable[[Epoch], None] | None = None
    stop_after: int | None = None


@dataclass
class Trained:
    """What a training gave.

    Parameters
    ----------
    best
        The values after the best epoch, by job and by network.
    history, gradients
        Rows: of every epoch, network and width; and of the gradient norms.
    finished
        Whether all epochs were trained.
    """

    best: dict[str, Values]
    history: list[Row]
    gradients: list[Row]
    finished: bool = False


def train(jobs: Sequence[Job], run: Run, watch: Watch | None = None) -> Trained:
    """Train one job after the other, each to its best epoch on the validation images.

    After every epoch a checkpoint holds the finished jobs and the running one, so that a run that
    was killed goes on to the same bytes. Of equally good epochs the last is taken.

    Raises
    ------
    HarnessError
        A loss or a parameter is no longer finite. The checkpoint stays that of the last good epoch.
    """
    seen = watch or Watch()
    done, tensors, trained = _load(run)
    total = sum(job.epochs for job in jobs)
    before = 0
    for job in jobs:
        finished = min(max(done - before, 0), job.epochs)
        before += job.epochs
        if finished:
            trained.best[job.name] = _best(tensors, job.name)
        if finished == job.epochs:
            continue
        course = Course(job)
        if finished:
            course.restore(tensors)
        for number in range(finished, job.epochs):
            if seen.stop_after is not None and done >= seen.stop_after:
                return trained
            rows = _epoch(course, number, trained, run, seen)
            done += 1
            best = _is_best(trained.history, course)
            if best:
                trained.best[job.name] = dict(course.last)
            _save(run, done, course, trained)
            run.progress(done, total, _note(rows, job))
            if seen.epoch is not None:
                seen.epoch(Epoch(job, number + 1, rows, best, course))
    trained.finished = True
    return trained


def _epoch(course: Course, number: int, trained: Trained, run: Run, watch: Watch) -> list[Row]:
    """Train one epoch, whose order depends on its number alone; return its rows."""
    rows, norms = course.epoch(number, run.generator("epoch", number), watch.step)
    trained.history += rows
    trained.gradients += norms
    return rows


def _is_best(history: Sequence[Row], course: Course) -> bool:
    """Tell whether the last epoch is the best one of the pupil's member of the target width."""
    wanted = (course.job.name, course.chain.pupil.name, course.job.target_bits)
    own = [row for row in history if (row["system"], row["learner"], row["bits"]) == wanted]
    reached = [float(row["validation_top1"] or 0) for row in own]
    return bool(reached) and reached[-1] == max(reached)


def _note(rows: Sequence[Row], job: Job) -> str:
    shown = next((row for row in rows if row["bits"] == job.target_bits), rows[0])
    return f"{job.name}, {shown['bits']} bits: validation {shown['validation_top1']:.1f} %"


def _load(run: Run) -> tuple[int, Mapping[str, Array], Trained]:
    saved = run.checkpoint.load()
    if saved is None:
        return 0, {}, Trained({}, [], [])
    history = [row for row in saved.rows if "norm" not in row]
    return (
        saved.done,
        saved.tensors,
        Trained({}, history, [row for row in saved.rows if "norm" in row]),
    )


def _save(run: Run, done: int, course: Course, trained: Trained) -> None:
    content = course.state()
    for job, values in trained.best.items():
        for name, found in values.items():
            content |= under(f"best.{job}.{name}", found)
    run.checkpoint.save(done, content, [*trained.history, *trained.gradients])


def _best(tensors: Mapping[str, Array], job: str) -> Values:
    """Return the best values of `job` in a checkpoint, by network."""
    found = within(f"best.{job}", tensors)
    names = sorted({name.partition(".")[0] for name in found})
    return {name: within(name, found) for name in names}
