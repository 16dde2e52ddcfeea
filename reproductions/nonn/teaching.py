"""What students learn from: images, the teacher's answers to them, and the loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from harness.stage.inputs import Inputs
from reproductions.nonn.distillation import knowledge_loss, transfer_loss
from reproductions.nonn.images import Batch, Split, read_split
from reproductions.nonn.params.distillation import Knowledge, Transfer
from reproductions.nonn.params.students import StudentsParams
from reproductions.nonn.students import SharedTrunk, System
from reproductions.nonn.survivors import heard, surviving
from reproductions.nonn.teacher import Lesson, read_teacher
from reproductions.nonn.training import Objective

Partition = Sequence[Sequence[int]]
"""The teacher's filters of each student."""


class Distilled(Protocol):
    """What the loss takes of a training's parameters."""

    @property
    def knowledge(self) -> Knowledge:
        """What comes from the teacher's class scores."""
        ...

    @property
    def transfer(self) -> Transfer:
        """What comes from the teacher's features."""
        ...

    @property
    def dropout(self) -> float:
        """The share of the images for which a student is left out."""
        ...


@dataclass(frozen=True)
class Classroom:
    """Training and validation images, and the teacher's answers to the former."""

    images: Split
    validation: Split
    lesson: Lesson

    @classmethod
    def open(cls, inputs: Inputs, params: StudentsParams) -> Classroom:
        """Read the images and ask the teacher."""
        images = read_split(inputs, "train", params.student)
        validation = read_split(inputs, "validation", params.student)
        teacher = read_teacher(inputs, "teacher", params.teacher)
        fixed = params.augment is None
        return cls(images, validation, Lesson(teacher, images, params.batch_size, fixed=fixed))


def taught(
    system: System | SharedTrunk, partition: Partition, lesson: Lesson, params: Distilled
) -> Objective:
    """Return the released loss for `system`, whose students stand for `partition`.

    A student that is left out is left out of the answer alone: its features still learn.
    """
    order = torch.tensor([number for part in partition for number in part])
    sizes = list(system.sizes)

    def objective(batch: Batch, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        logits, features = system(batch.images)
        if params.dropout:
            drawn = surviving(random, len(batch.labels), len(sizes), params.dropout)
            alive = torch.from_numpy(drawn).to(features.device)
            logits = system.head(heard(features, sizes, alive))
        wanted, seen = lesson(batch)
        known = knowledge_loss(logits, wanted, batch.labels, params.knowledge)
        moved = transfer_loss(
            torch.split(features, sizes, 1),
            torch.split(seen[:, order], sizes, 1),
            params.transfer.normalisation,
        )
        return known + params.transfer.beta * moved, logits

    return objective
