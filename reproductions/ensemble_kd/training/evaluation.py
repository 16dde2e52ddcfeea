"""What networks answer to a whole split."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from mxnet import autograd, nd

from harness.formats.arrays import Array
from harness.formats.rows import Row
from reproductions.ensemble_kd.data.split import Split
from reproductions.ensemble_kd.training.learner import Learner
from reproductions.ensemble_kd.training.metrics import Measures, Tally


def answers(learner: Learner, split: Split, size: int) -> Iterator[tuple[Array, Array]]:
    """Return logits (N, B, C) and labels (B,) of each batch, in predict mode.

    The last batch is filled up, so that the network is laid out for one size alone.
    """
    for batch in split.batches(size):
        count = len(batch.labels)
        images = batch.inputs
        if count < size < len(split):
            images = np.concatenate([images, np.repeat(images[-1:], size - count, axis=0)])
        with autograd.predict_mode():
            logits, _ = learner.ask(nd.array(images))
        yield logits.asnumpy()[:, :count], batch.labels


def measure(learner: Learner, split: Split, size: int) -> list[Measures]:
    """Return the measures of every member on `split`."""
    tally = Tally(learner.widths)
    for logits, labels in answers(learner, split, size):
        tally.add(logits, labels)
    return tally.measures()


def score_rows(
    system: str, learner: Learner, test: Split, validation: Split, size: int
) -> tuple[list[Row], list[Row]]:
    """Return the rows of accuracy and of agreement of the members, named `system`.

    Accuracies and shares are in percent, divergences in nats.
    """
    found = measure(learner, test, size)
    chosen = measure(learner, validation, size)
    scores: list[Row] = []
    agreement: list[Row] = []
    for bits, here, there in zip(learner.widths, found, chosen, strict=True):
        start: Row = {"system": system, "bits": bits}
        scores.append(
            start
            | {
                "accuracy": here.top1,
                "validation_accuracy": there.top1,
                "top5": here.top5,
            }
        )
        agreement.append(
            start
            | {
                "against": max(learner.widths),
                "top1": here.agreement,
                "kl": here.kl,
                "kl_swapped": here.kl_swapped,
            }
        )
    return scores, agreement
