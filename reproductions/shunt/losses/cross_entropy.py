"""Cross entropy with labels, of images or of pixels that count."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def log_probabilities(logits: Any) -> Any:
    """Return log softmax over the last axis, whose gradient needs no approximate reciprocal."""
    return tf.nn.log_softmax(logits)


def counted(labels: Any, ignore: int | None) -> Any:
    """Return 1.0 where a label counts and 0.0 where it is `ignore`."""
    if ignore is None:
        return tf.ones_like(labels, tf.float32)
    return tf.cast(labels != ignore, tf.float32)


def one_hot(labels: Any, classes: int, ignore: int | None = None) -> Any:
    """Return (..., classes); a label `ignore` has a row of zeros."""
    if ignore is not None:
        labels = tf.where(labels == ignore, -1, labels)
    return tf.one_hot(labels, classes)


def mean(values: Any, weights: Any) -> Any:
    """Return the mean of `values` where `weights` are 1; 0 where none is."""
    return tf.reduce_sum(values * weights) / tf.maximum(tf.reduce_sum(weights), 1.0)


def cross_entropy(logits: Any, labels: Any, ignore: int | None = None) -> Any:
    """Return the mean of -log p_y over the labels that count, p = softmax(logits).

    Parameters
    ----------
    logits
        (..., K): of images (B, K) or of pixels (B, H, W, K).
    labels
        (...), whole numbers.
    ignore
        A label that does not count. The mean is over the others; it is 0 where there is none.
    """
    expected = one_hot(labels, logits.shape[-1], ignore)
    losses = -tf.reduce_sum(expected * log_probabilities(logits), -1)
    return mean(losses, counted(labels, ignore))


def percent_right(logits: Any, labels: Any, ignore: int | None = None) -> Any:
    """Return the share of labels that count which have the largest logit, in percent."""
    right = tf.argmax(logits, -1, labels.dtype) == labels
    return 100 * mean(tf.cast(right, tf.float32), counted(labels, ignore))
