"""The training of the students: all of a system together from one teacher, or each alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import nn

from harness.formats.arrays import Array
from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.naming import under
from reproductions.nonn import architecture
from reproductions.nonn.alone import Group, train_alone
from reproductions.nonn.determinism import settle
from reproductions.nonn.evaluation import accuracy
from reproductions.nonn.images import Split, read_split
from reproductions.nonn.label import label
from reproductions.nonn.params.students import StudentsParams
from reproductions.nonn.scores import score
from reproductions.nonn.students import build, filters_of
from reproductions.nonn.teacher import Lesson
from reproductions.nonn.teaching import Classroom, Partition, taught
from reproductions.nonn.training import Objective, Task, train
from reproductions.nonn.weights import restore

Found = tuple[dict[int, dict[str, Array]], list[Row]]
"""The best weights by number of students, and the history."""


def train_students(inputs: Inputs, params: StudentsParams, outputs: Outputs, run: Run) -> None:
    """Train one system for each number of students; write weights, histories and scores.

    The weights of the system of N students stand under ``n<N>``.
    """
    settle()
    room = Classroom.open(inputs, params)
    test = read_split(inputs, "test", params.student)
    assignment = inputs.rows("assignment")
    partitions = {number: filters_of(assignment, number) for number in params.students}
    if params.training == "together":
        best, history = _together(params, partitions, room, run)
    else:
        best, history = _alone(params, partitions, room, run, inputs)
    weights: dict[str, Array] = {}
    scores: list[Row] = []
    for number, partition in partitions.items():
        weights |= under(f"n{number}", best[number])
        scores.append(_score(params, partition, best[number], (room.validation, test), run))
    outputs.weights("weights", weights)
    outputs.rows("history", history)
    outputs.rows("scores", scores)


def _together(
    params: StudentsParams, partitions: Mapping[int, Partition], room: Classroom, run: Run
) -> Found:
    tasks = [_task(params, partition, room.lesson, run) for partition in partitions.values()]
    trained = train(tasks, room.images, room.validation, params, run)
    named = zip(partitions, tasks, strict=True)
    return {number: trained.weights[task.name] for number, task in named}, trained.history


def _alone(
    params: StudentsParams,
    partitions: Mapping[int, Partition],
    room: Classroom,
    run: Run,
    inputs: Inputs,
) -> Found:
    best: dict[int, dict[str, Array]] = {}
    history: list[Row] = []
    for number, partition in partitions.items():
        best[number], rows = train_alone(Group(params, partition, room, run), inputs)
        history += rows
    return best, history


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
        training=params.manner,
        parameters=max(architecture.student(params.student, size).parameters for size in sizes),
        accuracy=tested,
        validation_accuracy=validated,
    )
