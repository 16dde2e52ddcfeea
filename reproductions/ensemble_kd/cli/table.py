"""The CSV of a run: a row for every epoch and width, and for every teacher that learns."""

from __future__ import annotations

from collections.abc import Sequence

from harness.formats.rows import Row, Value

_TEACHERS = ("teacher", "teacher_t")


def table(history: Sequence[Row], *, swapped: bool) -> list[Row]:
    """Return the rows of the CSV from those of a training's history.

    Agreement is with the widest member: the share of images with the same class, percent, and
    KL(widest || member), nats.

    Parameters
    ----------
    swapped
        The roles in the divergence are exchanged, as published.
    """
    several = {
        learner
        for learner in _TEACHERS
        if len({row["bits"] for row in history if row["learner"] == learner}) > 1
    }
    return [_row(row, row["learner"] in several, swapped) for row in history]


def _row(row: Row, several: bool, swapped: bool) -> Row:
    divergence = "kl_swapped" if swapped else "kl"
    return {
        "epoch": row["epoch"],
        "bits": _bits(row, several),
        "top-1 train": row["train_top1"],
        "top-5 train": row["train_top5"],
        "top-1 test": row["validation_top1"],
        "top-5 test": row["validation_top5"],
        "top-1 agreement train": row["train_agreement"],
        "KL agreement train": row[f"train_{divergence}"],
        "top-1 agreement test": row["validation_agreement"],
        "KL agreement test": row[f"validation_{divergence}"],
    }


def _bits(row: Row, several: bool) -> Value:
    """Return the width of a member; of a teacher its name, with a width where it has several."""
    learner = str(row["learner"])
    if learner not in _TEACHERS:
        return row["bits"]
    return f"{learner}_{row['bits']}" if several else learner
