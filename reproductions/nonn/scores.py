"""One row of the accuracy table."""

from __future__ import annotations

from harness.formats.rows import Row

BYTES = 4  # of a float32 weight


def score(
    *,
    network: str,
    students: int,
    partition: str,
    distilled: bool,
    parameters: int,
    accuracy: float,
    validation_accuracy: float,
) -> Row:
    """Return the row of one trained system.

    `parameters` are those of its largest node, `accuracy` is on test images; both accuracies are
    in percent.
    """
    return {
        "network": network,
        "students": students,
        "partition": partition,
        "distilled": distilled,
        "parameters": parameters,
        "bytes": BYTES * parameters,
        "accuracy": accuracy,
        "validation_accuracy": validation_accuracy,
    }
