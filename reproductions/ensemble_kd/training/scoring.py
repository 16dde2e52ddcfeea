"""Scores of the best networks of several trainings of one stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from harness.formats.arrays import Array
from harness.formats.rows import Row
from reproductions.ensemble_kd.data.split import Split
from reproductions.ensemble_kd.training.evaluation import score_rows
from reproductions.ensemble_kd.training.learner import Learner
from reproductions.ensemble_kd.training.loop import Epoch, Trained


class Scoring:
    """Scores every job's pupil as soon as its training ends, while the network is still there.

    To build a network and to lay it out anew takes as long as an epoch of a short training.

    Parameters
    ----------
    name
        What the rows of a job are called, from the job's name.
    """

    def __init__(self, test: Split, validation: Split, name: Callable[[str], str]) -> None:
        self.test, self.validation, self.name = test, validation, name
        self._best: dict[str, Mapping[str, Array]] = {}
        self._rows: dict[str, list[Row]] = {}

    def after_epoch(self, seen: Epoch) -> None:
        """Keep the best values, and score them after the last epoch."""
        job, pupil = seen.job.name, seen.course.chain.pupil
        if seen.best:
            self._best[job] = seen.course.last[pupil.name]
        if seen.number == seen.job.epochs and job in self._best:
            self._score(job, pupil, self._best.pop(job), seen.job.how.batch_size)

    def rows(
        self, job: str, build: Callable[[], Sequence[Learner]], trained: Trained, size: int
    ) -> list[Row]:
        """Return the rows of `job`; of one whose best epoch an earlier process saw, built anew."""
        if job not in self._rows:
            pupil = build()[0]
            self._score(job, pupil, trained.best[job][pupil.name], size)
        return self._rows[job]

    def _score(self, job: str, pupil: Learner, best: Mapping[str, Array], size: int) -> None:
        pupil.assign(best, "the training")
        name = self.name(job)
        self._rows[job] = score_rows(name, pupil, self.test, self.validation, size)[0]
