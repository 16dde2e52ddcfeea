"""One run of the command line over the training loop of the stages; needs MXNet."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np

from harness.formats.arrays import Array
from harness.formats.atomic import write_text
from harness.formats.rows import Row
from harness.stage.checkpoint import Checkpoint
from harness.stage.progress import Progress
from harness.stage.run import Run
from reproductions.ensemble_kd.cli.chain import ABOVE, PUPIL, TEACHER, build_chain
from reproductions.ensemble_kd.cli.outputs import Results, copy
from reproductions.ensemble_kd.cli.plan import Plan
from reproductions.ensemble_kd.cli.preparation import Ready, second
from reproductions.ensemble_kd.cli.table import table
from reproductions.ensemble_kd.cli.values import STATES, Given
from reproductions.ensemble_kd.gluon.determinism import settle
from reproductions.ensemble_kd.leaving import params_file
from reproductions.ensemble_kd.params.quantisation import FULL
from reproductions.ensemble_kd.training.course import Course, Job, Step, Values
from reproductions.ensemble_kd.training.learner import Learner
from reproductions.ensemble_kd.training.loop import Epoch, Watch, train

INTERRUPTED = 3
"""The exit status of a run that --interrupt-at has stopped."""

_FIRST = "_fpweights"  # in the names of the files of the first of two stages
_BEST = {PUPIL: "_best_params", TEACHER: "_teacher", ABOVE: "_t_teacher"}


def build(ready: Ready) -> list[Learner]:
    """Return the networks of the first training of a run; nothing is written.

    Raises
    ------
    HarnessError
        Values do not fit a network.
    """
    settle(_run(ready.plan, Checkpoint(None)).seed("framework"))
    return _build(ready, ready.plan.stages()[0])


def run_command(ready: Ready, chain: list[Learner], results: Results) -> int:
    """Train what is asked for, `chain` first, and return the exit status, 0 or 3.

    Raises
    ------
    HarnessError
        A loss is no longer finite.
    """
    files = ready.plan.files
    if files.prefix:
        Path(f"{files.prefix}_").parent.mkdir(parents=True, exist_ok=True)
    if not ready.plan.two_stage:
        return _Stage(ready, ready.plan, chain, results, "").train()
    first, last = ready.plan.stages()
    _Stage(ready, first, chain, results, _FIRST).train()
    results.say("second stage: weights are quantised, and the teacher is frozen")
    taken = second(ready, *(_kept(results, name) for name in (PUPIL, TEACHER)))
    then = replace(taken.plan, quantisation=last.quantisation)
    return _Stage(taken, then, _build(taken, then), results, "").train()


def left(ready: Ready, results: Results) -> str | None:
    """Return how a run that broke off can go on; None where it cannot."""
    states = results.states()
    if ready.plan.two_stage or not states.is_file():
        return None
    saved = Checkpoint(states).load()
    assert saved is not None
    return f"go on with --resume {states} --resume-states {states} --start-epoch {saved.done}"


def _kept(results: Results, learner: str) -> Given:
    """Return the best values of a learner in the first stage."""
    path = results.path(f"{_FIRST}{_BEST[learner]}.params")
    return Given("the first stage's", str(path), params_file.read(path))


def _run(plan: Plan, checkpoint: Checkpoint) -> Run:
    progress = Progress("", io.StringIO())  # the log tells of it
    return Run("ensemble_kd", "command", plan.seed, checkpoint, progress)


def _build(ready: Ready, plan: Plan) -> list[Learner]:
    return build_chain(ready, plan.quantisation, _run(plan, Checkpoint(None)))


class _Stage:
    """One training, with the files that it leaves.

    Parameters
    ----------
    end
        Begins the ends of the names of its files.
    """

    def __init__(
        self, ready: Ready, plan: Plan, chain: list[Learner], results: Results, end: str
    ) -> None:
        self.ready, self.plan, self.chain = ready, plan, chain
        self.results, self.end = results, end
        self.live = Checkpoint(results.states(end))
        self.history: list[Row] = []

    def job(self) -> Job:
        """Return the training as the loop takes it."""
        plan, images = self.plan, self.ready.images
        how = plan.teacher.training if plan.alone and plan.teacher else plan.training
        assert how is not None
        return Job(
            "command",
            lambda: self.chain,
            images.train,
            images.test,
            how,
            FULL if plan.alone else plan.target,
            steps=1 if plan.short else None,
        )

    def train(self) -> int:
        """Train, and return the exit status."""
        job = self.job()
        self._take_up(job)
        watch = Watch(
            step=lambda seen: self._step(seen, job.steps_per_epoch),
            epoch=self._epoch,
            stop_after=self.plan.interrupt,
        )
        self._tell_progress(self.plan.start)
        trained = train([job], _run(self.plan, self.live), watch)
        # The best epoch may lie before those of this process.
        self._keep_best(trained.best.get(job.name, {}))
        if not trained.finished:
            self._stop()
            return INTERRUPTED
        self.results.drop(self.results.states(self.end))
        return 0

    def _take_up(self, job: Job) -> None:
        """Let the loop go on from the states that are given, or from the epoch alone."""
        plan, states = self.plan, self.ready.states
        if states is not None:
            self.history = [row for row in states.rows if "norm" not in row]
            self.live.save(states.done, states.tensors, states.rows)
        elif plan.start:
            state = Course(job).state()
            done = np.array([plan.start * job.steps_per_epoch], np.int64)
            steps = [name for name in state if name.endswith(".steps")]
            self.live.save(plan.start, {**state, **dict.fromkeys(steps, done)})

    def _step(self, seen: Step, steps: int) -> None:
        if seen.step % self.plan.interval and seen.step != steps:
            return
        widths = self.chain[0].widths
        losses = "" if seen.losses is None else ", ".join(
            f"{bits}: {loss:.4f}" for bits, loss in zip(widths, seen.losses, strict=True)
        )  # fmt: skip
        self.results.say(
            f"epoch {seen.epoch}, batch {seen.step} of {steps}: rate {seen.rate:.6g}, loss of "
            f"{losses}"
        )

    def _epoch(self, seen: Epoch) -> None:
        self.history += seen.rows
        found = table(self.history, swapped=self.plan.swapped_agreement)
        for row in found[-len(seen.rows) :]:
            self.results.say(_line(row))
        if seen.best:
            self._keep_best(seen.course.last)
            self.results.say(f"epoch {seen.number} is the best so far")
        self.results.table(self.end, found)
        self.results.keep()
        every = self.plan.files.every
        if every and seen.number % every == 0:
            self._keep_periodic(seen)
        self._tell_progress(seen.number)

    def _tell_progress(self, done: int) -> None:
        if self.plan.files.progress:
            line = f"epoch {done} of {self.plan.training.epochs}\n"
            write_text(Path(self.plan.files.progress), line)

    def _keep_best(self, found: Values) -> None:
        for learner, values in found.items():
            self.results.params(f"{self.end}{_BEST[learner]}", values)

    def _keep_periodic(self, seen: Epoch) -> None:
        """Keep a checkpoint, from which --resume and --resume-states go on."""
        files = self.plan.files
        start = files.prefix or f"{self.results.path(self.end)}_"
        if files.prefix.endswith("/"):
            start = f"{files.prefix}{self.results.stem}{self.end}_"
        path = Path(f"{start}{files.named}_{seen.number:04d}")
        params_file.write(path.with_name(f"{path.name}.params"), self._pupil(seen.course.last))
        copy(self.results.states(self.end), path.with_name(path.name + STATES))

    def _stop(self) -> None:
        """Keep what an interrupted run goes on from, under the number of its epochs."""
        done = self.plan.interrupt
        states = self.results.states(f"{self.end}_{done:04d}")
        self.results.states(self.end).replace(states)
        last = {one.name: one.values() for one in self.chain if one.training is not None}
        params = self.results.params(f"{self.end}_{done:04d}", self._pupil(last))
        self.results.say(
            f"stopped before epoch {int(done or 0) + 1}; go on with --resume {params} "
            f"--resume-states {states} --start-epoch {done}"
        )

    def _pupil(self, found: Values) -> dict[str, Array]:
        return found[self.chain[0].name]


def _line(row: Row) -> str:
    """Return a row of the CSV as a line of the log."""
    numbers = [f"{name} {value:.4g}" for name, value in row.items() if isinstance(value, float)]
    return f"epoch {row['epoch']}, {row['bits']}: {', '.join(numbers)}"
