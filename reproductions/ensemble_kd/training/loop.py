"""The trainings of a stage, and who watches them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.formats.arrays import Array
from harness.formats.rows import Row
from harness.stage.run import Run
from reproductions import epochs
from reproductions.ensemble_kd.training.course import Course, Job, Step, Values
from reproductions.epochs import Planned
from reproductions.naming import under, within


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


@dataclass(frozen=True)
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
    finished: bool


@dataclass
class _Running:
    """A job on its way, with the rows of its epochs, those of the gradient norms among them."""

    course: Course
    run: Run
    watch: Watch
    rows: list[Row] = field(default_factory=list)

    def resume(self, state: Mapping[str, Array], history: Sequence[Row]) -> None:
        self.course.restore(state)
        self.rows = [row for row in history if row["system"] == self.course.job.name]

    def epoch(self, number: int) -> list[Row]:
        order = self.run.generator("epoch", number)
        rows, norms = self.course.epoch(number, order, self.watch.step)
        self.rows += rows + norms
        return rows + norms

    def is_best(self) -> bool:
        """Tell whether the last epoch is the best one of the pupil's member of the target width."""
        wanted = (self.course.chain.pupil.name, self.course.job.target_bits)
        own = [row for row in _history(self.rows) if (row["learner"], row["bits"]) == wanted]
        reached = [float(row["validation_top1"] or 0) for row in own]
        return bool(reached) and reached[-1] == max(reached)

    def weights(self) -> dict[str, Array]:
        named = (under(name, values) for name, values in self.course.last.items())
        return {name: value for values in named for name, value in values.items()}

    def state(self) -> dict[str, Array]:
        return self.course.state()

    def note(self) -> str:
        bits = self.course.job.target_bits
        last = [row for row in _history(self.rows) if row["epoch"] == self.rows[-1]["epoch"]]
        shown = next((row for row in last if row["bits"] == bits), last[0])
        name, top1 = self.course.job.name, shown["validation_top1"]
        return f"{name}, {shown['bits']} bits: validation {top1:.1f} %"


def train(jobs: Sequence[Job], run: Run, watch: Watch | None = None) -> Trained:
    """Train one job after the other, each to its best epoch on the validation images.

    Of equally good epochs the last is taken. A run that was killed goes on to the same bytes.

    Raises
    ------
    HarnessError
        A loss or a parameter is no longer finite. The checkpoint stays that of the last good epoch.
    """
    seen = watch or Watch()

    def begin(job: Job) -> Callable[[object], _Running]:
        return lambda _done: _Running(Course(job), run, seen)

    def tell(epoch: epochs.Epoch[_Running]) -> None:
        if seen.epoch is not None:
            course, rows = epoch.course.course, _history(epoch.rows)
            seen.epoch(Epoch(course.job, epoch.number, rows, epoch.best, course))

    planned = [Planned(job.name, job.epochs, begin(job)) for job in jobs]
    found = epochs.train(planned, run, tell, seen.stop_after)
    return Trained(
        {job: _by_network(values) for job, values in found.weights.items()},
        _history(found.history),
        [row for row in found.history if "norm" in row],
        found.finished,
    )


def _history(rows: Sequence[Row]) -> list[Row]:
    """Return `rows` without those of the gradient norms."""
    return [row for row in rows if "norm" not in row]


def _by_network(values: Mapping[str, Array]) -> Values:
    names = sorted({name.partition(".")[0] for name in values})
    return {name: within(name, values) for name in names}
