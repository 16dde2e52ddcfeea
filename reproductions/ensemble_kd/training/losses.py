"""The losses of the members: labels, and soft targets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from mxnet import nd

from reproductions.ensemble_kd.params.teaching import Teaching
from reproductions.ensemble_kd.training.sources import OUTSIDE, Sources

_LEAST = 1e-12  # added to a probability before its logarithm, as in Gluon


def cross_entropy(logits: Any, labels: Any) -> Any:
    """Return the loss of `logits` (N, B, C) against the classes `labels` (B,), (N, B)."""
    return -nd.pick(nd.log_softmax(logits, axis=-1), nd.tile(labels, (len(logits), 1)), axis=-1)


def soft_loss(
    teacher: Any, student: Any, temperature: float = 1.0, reduction: Literal["sum", "mean"] = "sum"
) -> Any:
    """Return how far the class scores of `student` (..., C) are from those of `teacher`, nats.

    It is p_t (log p_t - log p_s), reduced over classes, times the temperature's square.
    """
    wanted = nd.softmax(teacher / temperature, axis=-1)
    found = nd.log_softmax(student / temperature, axis=-1)
    terms = wanted * (nd.log(wanted + _LEAST) - found)
    reduced = nd.sum(terms, axis=-1) if reduction == "sum" else nd.mean(terms, axis=-1)
    return reduced * temperature**2


def member_losses(
    logits: Any, labels: Any, lesson: Sequence[Any], teaching: Teaching, sources: Sources
) -> Any:
    """Return the loss of every member for every image, (N, B).

    Parameters
    ----------
    logits
        Of the members, (N, B, C).
    labels
        Classes, (B,).
    lesson
        For each member the logits (B, C) of the teacher outside; None where it has none.
    teaching, sources
        How, and whom from, the members learn.
    """
    own = cross_entropy(logits, labels)
    if not sources.soft and sources.unlabelled is None:
        return own
    apart = [logits[place] for place in range(len(sources.teachers))]
    wanted = []
    for place, teacher in enumerate(sources.teachers):
        if teacher == OUTSIDE:
            wanted.append(lesson[place].detach())
        else:
            # Where there is no teacher, the loss against oneself is multiplied by nothing.
            source = apart[place if teacher is None else teacher]
            wanted.append(source.detach() if teaching.detach or teacher is None else source)
    soft = soft_loss(nd.stack(*wanted), nd.stack(*apart), teaching.temperature, teaching.reduction)
    hard_weight, soft_weight = _weights(teaching.alpha, sources)
    return own * hard_weight + soft * soft_weight


def _weights(alpha: float, sources: Sources) -> tuple[Any, Any]:
    """Return the weights of the labels' and of the soft losses, (N, 1) each."""
    hard = [1.0 if teacher is None else alpha for teacher in sources.teachers]
    soft = [0.0 if teacher is None else 1 - alpha for teacher in sources.teachers]
    if sources.unlabelled is not None:
        hard[sources.unlabelled] = 0.0
    return nd.array(hard).expand_dims(1), nd.array(soft).expand_dims(1)
