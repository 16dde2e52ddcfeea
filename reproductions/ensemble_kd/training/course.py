"""One training on its way: a chain of networks, their optimisers, and one epoch of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from mxnet import autograd, nd

from harness.errors import HarnessError
from harness.formats.arrays import Array
from harness.formats.rows import Row
from reproductions.ensemble_kd.data.order import steps_of
from reproductions.ensemble_kd.data.split import Batch, Split
from reproductions.ensemble_kd.params.training import Training
from reproductions.ensemble_kd.schedules import rate
from reproductions.ensemble_kd.training.balance import EVERY, Balance, gradient_norms
from reproductions.ensemble_kd.training.descent import Descent
from reproductions.ensemble_kd.training.evaluation import measure
from reproductions.ensemble_kd.training.finite import check_losses, check_values
from reproductions.ensemble_kd.training.history import Sums, history_rows
from reproductions.ensemble_kd.training.learner import Answer, Chain, Learner
from reproductions.ensemble_kd.training.metrics import Tally
from reproductions.naming import under, within

Values = dict[str, dict[str, Array]]
"""The values of networks, by their names."""


@dataclass(frozen=True, eq=False)
class Job:
    """One training.

    Parameters
    ----------
    name
        Tells its rows apart; unique within a stage.
    build
        Returns the networks in their initial state: the pupil, its teacher, and so on.
    images, validation
        What is learned from, and what the best epoch is chosen on.
    how
        The pupil's training; the batches and their changes are everyone's.
    target_bits
        The width whose validation accuracy chooses the best epoch.
    ahead
        Epochs before the pupil's first, in which only its teachers learn.
    gradients
        Whether gradient norms are measured, on the first batch of every epoch.
    steps
        At most so many batches make an epoch; None for all.
    """

    name: str
    build: Callable[[], Sequence[Learner]]
    images: Split
    validation: Split
    how: Training
    target_bits: int
    ahead: int = 0
    gradients: bool = False
    steps: int | None = None

    @property
    def epochs(self) -> int:
        """How many epochs there are, those before the pupil's first too."""
        return self.ahead + self.how.epochs

    @property
    def steps_per_epoch(self) -> int:
        """How many batches an epoch has."""
        whole = steps_of(len(self.images), self.how.batch_size)
        return whole if self.steps is None else min(whole, self.steps)


@dataclass(frozen=True)
class Step:
    """What a watcher sees of one batch: losses (N,) of the pupil's members, or None while ahead."""

    job: str
    epoch: int
    step: int
    rate: float
    losses: tuple[float, ...] | None


class Course:
    """One job on its way; `last` are the values of all that learn after the last good epoch."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.chain = Chain(job.build())
        learning = self.chain.learning
        check_target(job.target_bits, self.chain.pupil.widths)
        self.descents = {
            one.name: Descent(one.parameters, one.training)
            for one in learning
            if one.training is not None
        }
        pupil = self.chain.pupil
        self.balance: Balance | None = None
        if job.how.balance == "gradient_norm":
            self.balance = Balance(pupil, self.descents[pupil.name])
        self.weights = _member_weights(job.how, pupil)
        self.last: Values = {one.name: one.values() for one in learning}

    def state(self) -> dict[str, Array]:
        """Return everything that the next epoch continues from."""
        found: dict[str, Array] = {}
        for name, descent in self.descents.items():
            found |= under(f"values.{name}", self.last[name])
            found |= under(f"moving.{name}", descent.state())
        return found | (under("balance", self.balance.state()) if self.balance else {})

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take up what `state` has returned."""
        for one in self.chain.learning:
            self.last[one.name] = within(f"values.{one.name}", state)
            one.assign(self.last[one.name], "the checkpoint")
            self.descents[one.name].restore(within(f"moving.{one.name}", state))
        if self.balance:
            self.balance.restore(within("balance", state))

    def epoch(
        self, number: int, order: np.random.Generator, watch: Callable[[Step], None] | None = None
    ) -> tuple[list[Row], list[Row]]:
        """Train for epoch `number`, from 0; return its rows of history and of gradient norms.

        Raises
        ------
        HarnessError
            A loss or a parameter is no longer finite; all are as after the last good epoch.
        """
        try:
            rows, norms = self._epoch(number, order, watch)
            values = {one.name: one.values() for one in self.chain.learning}
            for found in values.values():
                check_values(found, f"{self.job.name}, epoch {number + 1}")
        except HarnessError:
            for one in self.chain.learning:
                one.assign(self.last[one.name], "the last good epoch")
            raise
        self.last = values
        return rows, norms

    def _epoch(
        self, number: int, order: np.random.Generator, watch: Callable[[Step], None] | None
    ) -> tuple[list[Row], list[Row]]:
        job, first = self.job, int(number < self.job.ahead)
        learning = [one for one in self.chain.learners[first:] if one.training is not None]
        sums = {one.name: Sums(Tally(one.widths)) for one in learning}
        norms: list[float] = []
        rates: dict[str, float] = {}
        for step, batch in enumerate(self._batches(order)):
            place = f"{job.name}, epoch {number + 1}, batch {step + 1}"
            answers, measured, rates = self._step(batch, first, self._measures(step, first), place)
            norms = norms or measured
            for answer, losses in answers:
                sums[answer.learner.name].add(answer.logits.asnumpy(), losses, batch.labels)
            if watch is not None:
                watch(_seen(job, number, step, rates, answers))
        rows = [
            row
            for one in learning
            for row in history_rows(
                {"system": job.name, "epoch": number + 1, "learner": one.name},
                rates[one.name],
                sums[one.name],
                measure(one, job.validation, job.how.batch_size),
            )
        ]
        if not job.gradients or first:
            return rows, []
        start: Row = {"system": job.name, "epoch": number + 1}
        widths = self.chain.pupil.widths
        return rows, [
            start | {"bits": bits, "norm": norm} for bits, norm in zip(widths, norms, strict=True)
        ]

    def _batches(self, order: np.random.Generator) -> Iterator[Batch]:
        how = self.job.how
        batches = self.job.images.epoch(how.batch_size, order, how.augment)
        return islice(batches, self.job.steps_per_epoch)

    def _measures(self, step: int, first: int) -> bool:
        """Tell whether gradient norms are measured at this step."""
        if first:
            return False
        return (step == 0 and self.job.gradients) or (
            self.balance is not None and step % EVERY == 0
        )

    def _step(
        self, batch: Batch, first: int, measures: bool, place: str
    ) -> tuple[list[tuple[Answer, Array]], list[float], dict[str, float]]:
        """Train on one batch; return the answers with their losses, gradient norms and rates."""
        images, labels = nd.array(batch.inputs), nd.array(batch.labels)
        with autograd.record():
            answers = self.chain.answers(images, labels, first)
        found = [(answer, answer.losses.asnumpy()) for answer in answers]
        for answer, losses in found:
            check_losses(losses, answer.learner.widths, place)
        norms: list[float] = []
        if measures:
            norms = gradient_norms(answers[0].losses, answers[0].learner)
            if self.balance:
                self.balance.take(norms)
        heads = [self._head(answer) for answer in answers]
        autograd.backward([answer.losses for answer in answers], heads)
        rates = {}
        for answer in answers:
            rates[answer.learner.name] = self._move(answer.learner, len(batch.labels))
        return found, norms, rates

    def _head(self, answer: Answer) -> Any:
        """Return what each loss (N, B) is multiplied by."""
        heads = np.ones(answer.losses.shape, np.float32)
        if answer.learner is self.chain.pupil:
            factors = self.weights if self.balance is None else self.weights * self.balance.factors
            heads *= factors.astype(np.float32)[:, None]
        return nd.array(heads)

    def _move(self, learner: Learner, batch: int) -> float:
        """Move the learner's parameters by one step; return its learning rate."""
        descent = self.descents[learner.name]
        gradient = descent.gradient(batch)
        if self.balance is not None and learner is self.chain.pupil:
            self.balance.restore_own(gradient)
        now = rate(descent.how, descent.moving.steps, self.job.steps_per_epoch)
        descent.step(gradient, now)
        return now


def check_target(bits: int, widths: Sequence[int]) -> None:
    """Refuse a target width that the ensemble has not.

    Raises
    ------
    HarnessError
        It names the widths that there are.
    """
    if bits not in widths:
        raise HarnessError(
            f"the target width is {bits} bits; the ensemble has members of "
            f"{', '.join(map(str, widths))} bits",
            "choose one of these, or give the ensemble that width",
        )


def _member_weights(how: Training, pupil: Learner) -> Array:
    if how.member_weights is None:
        return np.ones(len(pupil.widths))
    if len(how.member_weights) != len(pupil.widths):
        raise HarnessError(
            f"there are {len(how.member_weights)} member weights for {len(pupil.widths)} members",
            "give one weight for each width, in their order",
        )
    return np.array(how.member_weights)


def _seen(
    job: Job,
    number: int,
    step: int,
    rates: Mapping[str, float],
    answers: Sequence[tuple[Answer, Array]],
) -> Step:
    answer, losses = answers[0]
    first = None if number < job.ahead else tuple(losses.mean(1).tolist())
    return Step(job.name, number + 1, step + 1, rates[answer.learner.name], first)
