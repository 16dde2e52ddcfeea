"""The training of the students: all of a system together, from one teacher."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from harness.formats.arrays import Array
from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.nonn import architecture
from reproductions.nonn.determinism import settle
from reproductions.nonn.distillation import knowledge_loss, transfer_loss
from reproductions.nonn.evaluation import accuracy
from reproductions.nonn.images import Batch, Split, read_split
from reproductions.nonn.label import label
from reproductions.nonn.params.students import StudentsParams
from reproductions.nonn.scores import score
from reproductions.nonn.students import SharedTrunk, Students, build, filters_of
from reproductions.nonn.teacher import Lesson, read_teacher
from reproductions.nonn.training import Objective, Task, train
from reproductions.nonn.weights import restore, under

Partition = tuple[tuple[int, ...], ...]
"""The teacher's filters of each student."""


def taught(
    system: Students | SharedTrunk, partition: Partition, lesson: Lesson, params: StudentsParams
) -> Objective:
    """Return the loss of section 1.8 for `system`, whose students stand for `partition`."""
    order = torch.tensor([number for part in partition for number in part])
    sizes = list(system.sizes)

    def objective(batch: Batch) -> tuple[Tensor, Tensor]:
        logits, features = system(batch.images)
        wanted, seen = lesson(batch)
        known = knowledge_loss(logits, wanted, batch.labels, params.knowledge)
        moved = transfer_loss(
            torch.split(features, sizes, 1),
            torch.split(seen[:, order], sizes, 1),
            params.transfer.normalisation,
        )
        return known + params.transfer.beta * moved, logits

    return objective


def train_students(inputs: Inputs, params: StudentsParams, outputs: Outputs, run: Run) -> None:
    """Train one system for each number of students; write weights, histories and scores.

    The weights of the system of N students stand under ``n<N>``.
    """
    settle()
    images, validation, test = (
        read_split(inputs, part, params.student) for part in ("train", "validation", "test")
    )
    teacher = read_teacher(inputs, "teacher", params.teacher)
    lesson = Lesson(teacher, images, params.batch_size, fixed=params.augment is None)
    assignment = inputs.rows("assignment")
    partitions = {number: filters_of(assignment, number) for number in params.students}
    tasks = [_task(params, partition, lesson, run) for partition in partitions.values()]
    trained = train(tasks, images, validation, params, run)
    weights: dict[str, Array] = {}
    scores: list[Row] = []
    for task, (number, partition) in zip(tasks, partitions.items(), strict=True):
        best = trained.weights[task.name]
        weights |= under(f"n{number}", best)
        scores.append(_score(params, partition, best, (validation, test), run))
    outputs.weights("weights", weights)
    outputs.rows("history", trained.history)
    outputs.rows("scores", scores)


def _task(params: StudentsParams, partition: Partition, lesson: Lesson, run: Run) -> Task:
    sizes = tuple(map(len, partition))

    def begin() -> tuple[nn.Module, Objective]:
        system = build(params.student, sizes, compat=params.compat, run=run)
        return system, taught(system, partition, lesson, params)

    kind = "" if params.partition == "communities" else f" {params.partition}"
    return Task(f"{label(params.student)} N={len(partition)}{kind}", begin)


def _score(
    params: StudentsParams,
    partition: Partition,
    weights: dict[str, Array],
    splits: Sequence[Split],
    run: Run,
) -> Row:
    sizes = tuple(map(len, partition))
    system = build(params.student, sizes, compat=params.compat, run=run)
    restore(system, weights, "the training")
    validated, tested = (accuracy(system, split, params.batch_size) for split in splits)
    return score(
        role="nonn",
        network=label(params.student),
        students=len(partition),
        partition=params.partition,
        distilled=True,
        parameters=max(architecture.student(params.student, size).parameters for size in sizes),
        accuracy=tested,
        validation_accuracy=validated,
    )
