"""One row of the accuracy table."""

from __future__ import annotations

from typing import Literal

from harness.formats.rows import Row

BYTES = 4  # of a float32 weight


def score(
    *,
    role: Literal["teacher", "alone", "nonn"],
    network: str,
    students: int,
    partition: str,
    distilled: bool,
    training: str,
    parameters: int,
    accuracy: float,
    validation_accuracy: float,
) -> Row:
    """Return the row of one trained system.

    `role` says what the system is whatever its networks are called: the teacher, one student
    alone, or a network of students. `training` is `StudentsParams.manner`, and "none" where there
    is one network. `parameters` are those of its largest node, `accuracy` is on test images; both
    accuracies are in percent.
    """
    return {
        "role": role,
        "network": network,
        "students": students,
        "partition": partition,
        "distilled": distilled,
        "training": training,
        "parameters": parameters,
        "bytes": BYTES * parameters,
        "accuracy": accuracy,
        "validation_accuracy": validation_accuracy,
    }
