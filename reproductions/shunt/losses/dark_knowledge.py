"""Distillation from the class scores of another network (release; ACE by Park and Heo 2020)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from reproductions.shunt.losses.cross_entropy import (
    counted,
    cross_entropy,
    log_probabilities,
    mean,
    one_hot,
)
from reproductions.shunt.params.distillation import Ace, DarkKnowledge

_LEAST = 1e-7  # Keras clips probabilities to this, and to one less this


def dark_knowledge(
    student: Any, teacher: Any, labels: Any, how: DarkKnowledge, ignore: int | None = None
) -> Any:
    """Return CE(y, p_S) + λ T² CE(p_T', p_S'), where p' = softmax(z / T).

    Parameters
    ----------
    student, teacher
        Logits z, (..., K).
    labels
        (...), whole numbers; those that are `ignore` count in neither term.
    how
        Strength λ, temperature T, and whether the second term is the released one.
    """
    hard = cross_entropy(student, labels, ignore)
    softened = log_probabilities(student / how.temperature)
    known = tf.exp(log_probabilities(teacher / how.temperature))
    terms = known * softened
    if how.compat:
        return hard + how.strength * _released(terms, labels, ignore)
    losses = -tf.reduce_sum(terms, -1)
    return hard + how.strength * how.temperature**2 * mean(losses, counted(labels, ignore))


def _released(terms: Any, labels: Any, ignore: int | None) -> Any:
    """Return -log of the true class's share of the sum of `terms`, p_T' log p_S'.

    The release hands `terms`, whose factor T² cancels, to Keras's cross entropy as if they were
    the student's probabilities. The loss falls as the student's score of the true class does.
    """
    true = tf.reduce_sum(one_hot(labels, terms.shape[-1], ignore) * terms, -1)
    share = true / tf.reduce_sum(terms, -1)
    # A label that does not count has no share, and the logarithm of 1 is 0.
    share = tf.where(counted(labels, ignore) > 0, share, 1.0)
    losses = -_log(tf.clip_by_value(share, _LEAST, 1 - _LEAST))
    return mean(losses, counted(labels, ignore))


@tf.custom_gradient
def _log(x: Any) -> tuple[Any, Callable[[Any], Any]]:
    """Return log x; TensorFlow's own gradient of it is an approximate reciprocal."""
    return tf.math.log(x), lambda upstream: upstream / x


def adaptive_cross_entropy(
    student: Any, teacher: Any, labels: Any, how: Ace, ignore: int | None = None
) -> Any:
    """Return the mean of ACE (Park and Heo 2020) over the labels that count.

    Where the teacher is right the target is κ p_T + (1 - κ) y, and y elsewhere; the loss is the
    cross entropy with it. Parameters as of `dark_knowledge`.
    """
    losses = adaptive_cross_entropies(student, teacher, labels, how.kappa, ignore)
    return mean(losses, counted(labels, ignore))


def adaptive_cross_entropies(
    student: Any, teacher: Any, labels: Any, kappa: float, ignore: int | None = None
) -> Any:
    """Return ACE of each label (...); 0 for one that does not count."""
    truth = one_hot(labels, student.shape[-1], ignore)
    known = tf.exp(log_probabilities(teacher))
    right = tf.cast(tf.argmax(teacher, -1, labels.dtype) == labels, tf.float32)
    share = (kappa * right)[..., None]
    target = share * known + (1 - share) * truth
    # The probabilities are clipped as their logarithms: the gradient of a logarithm is none.
    low, high = tf.math.log(_LEAST), tf.math.log(1 - _LEAST)
    said = tf.clip_by_value(log_probabilities(student), low, high)
    return -tf.reduce_sum(target * said, -1) * counted(labels, ignore)
