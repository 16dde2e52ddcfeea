"""Training of an ensemble in PyTorch, on a GPU where there is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from harness.errors import HarnessError
from harness.formats.arrays import Array
from harness.formats.rows import Row
from reproductions.ensemble_kd.data.order import steps_of
from reproductions.ensemble_kd.data.split import Split
from reproductions.ensemble_kd.params.teaching import Teaching
from reproductions.ensemble_kd.params.training import Training
from reproductions.ensemble_kd.schedules import rate
from reproductions.ensemble_kd.training.finite import check_losses
from reproductions.ensemble_kd.training.metrics import Tally
from reproductions.ensemble_kd.training.pairing import matched, teacher_of
from reproductions.ensemble_kd.training.sources import sources_of
from reproductions.ensemble_kd.twin.descent import Descent
from reproductions.ensemble_kd.twin.ensemble import Ensemble, Maps
from reproductions.ensemble_kd.twin.losses import matching_losses, member_losses


def best_device() -> torch.device:
    """Return the first GPU where PyTorch finds one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@dataclass(frozen=True, eq=False)
class Lesson:
    """How an ensemble learns, and its frozen `teacher`: an ensemble whose widths it shares.

    A teacher of one member teaches all.
    """

    teaching: Teaching
    teacher: Ensemble | None = None


class Course:
    """A training of `ensemble` on its way, on the device `place`; its parameters are moved there.

    Raises
    ------
    HarnessError
        Balancing of gradients is asked for, which the twin does not have; or the teacher lacks a
        width.
    """

    def __init__(
        self, ensemble: Ensemble, how: Training, lesson: Lesson, place: torch.device
    ) -> None:
        if how.balance != "equal":
            raise HarnessError(
                f"balance '{how.balance}' is not there in PyTorch",
                "train with balance 'equal', or with MXNet",
            )
        self.ensemble, self.how, self.lesson, self.place = ensemble.to(place), how, lesson, place
        self.widths = tuple(member.bits for member in ensemble.members)
        teacher = lesson.teacher
        if teacher is not None:
            teacher.to(place).train(not lesson.teaching.teacher_predicts)
        self.sources = sources_of(self.widths, lesson.teaching.mode, outside=teacher is not None)
        self.descent = Descent(self.ensemble, how)
        weights = how.member_weights or (1.0,) * len(self.widths)
        self.weights = torch.tensor(weights, device=place)

    def epoch(self, number: int, images: Split, order: np.random.Generator) -> list[Row]:
        """Train for epoch `number`, from 0, in an order that `order` decides; return its rows.

        A row has the loss and the accuracy, percent, of one member over the epoch's batches.

        Raises
        ------
        HarnessError
            A loss is no longer finite.
        """
        self.ensemble.train()
        tally, sums = Tally(self.widths), np.zeros(len(self.widths))
        steps = steps_of(len(images), self.how.batch_size)
        now = 0.0
        for step, batch in enumerate(images.epoch(self.how.batch_size, order, self.how.augment)):
            now = rate(self.how, self.descent.moving.steps, steps)
            logits, losses = self.step(batch.inputs, batch.labels, now)
            check_losses(losses, self.widths, f"epoch {number + 1}, batch {step + 1}")
            tally.add(logits, batch.labels)
            sums += losses.astype(np.float64).sum(1)
        measures = zip(self.widths, sums, tally.measures(), strict=True)
        return [
            {
                "epoch": number + 1,
                "bits": bits,
                "learning_rate": now,
                "loss": float(loss) / tally.seen,
                "accuracy": found.top1,
            }
            for bits, loss, found in measures
        ]

    def step(self, images: Array, labels: Array, now: float) -> tuple[Array, Array]:
        """Move by one batch at the rate `now`; return logits (N, B, C) and losses (N, B)."""
        inputs = torch.from_numpy(images).to(self.place)
        classes = torch.from_numpy(np.asarray(labels, np.int64)).to(self.place)
        logits, maps = self.ensemble.with_maps(inputs)
        losses = self._losses(logits, maps, inputs, classes)
        self.descent.step((losses * self.weights[:, None]).sum(), len(images), now)
        return logits.detach().cpu().numpy(), losses.detach().cpu().numpy()

    def _losses(
        self, logits: Tensor, maps: Sequence[Maps], inputs: Tensor, classes: Tensor
    ) -> Tensor:
        how, teacher = self.lesson.teaching, self.lesson.teacher
        wanted: list[Tensor | None] = [None] * len(self.widths)
        if teacher is None:
            return member_losses(logits, classes, wanted, how, self.sources)
        with torch.no_grad():
            taught, theirs = teacher.with_maps(inputs)
        widths = [member.bits for member in teacher.members]
        for place in self.sources.outside:
            wanted[place] = taught[teacher_of(self.widths[place], widths)]
        losses = member_losses(logits, classes, wanted, how, self.sources)
        if how.attention is None:
            return losses
        matches = [theirs[place] for place in matched(self.widths, widths, how.attention)]
        return losses + matching_losses(matches, maps, how.attention)


def train(
    course: Course, images: Split, generator: Callable[[int], np.random.Generator]
) -> list[Row]:
    """Train for all epochs; `generator` gives the one that decides the order of an epoch."""
    return [
        row
        for number in range(course.how.epochs)
        for row in course.epoch(number, images, generator(number))
    ]


def predict(ensemble: Ensemble, images: Array, place: torch.device) -> Array:
    """Return the logits (N, B, C) of normalised `images` (B, C, H, W), by running statistics."""
    ensemble.eval()
    with torch.no_grad():
        found: Array = ensemble(torch.from_numpy(images).to(place)).cpu().numpy()
    return found
