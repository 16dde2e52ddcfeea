"""Distillation from the maps of another network: attention and features (release)."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
import tensorflow as tf

from harness.errors import HarnessError

_SMALLEST = 1e-24  # below the square of any length that matters; keeps a dead map at zero


def attention(features: Any) -> Any:
    """Return A(F) of maps F (B, H, W, C): the sum of squares over the channels, (B, H W)."""
    squares = tf.reduce_sum(tf.square(features), -1)
    return tf.reshape(squares, [tf.shape(squares)[0], -1])


def unit(rows: Any) -> Any:
    """Scale each row of (B, n) to length one; a row of zeros stays as it is."""
    squares = tf.reduce_sum(tf.square(rows), 1, keepdims=True)
    # A root and a division, which every CPU rounds alike; a reciprocal root it approximates.
    return rows / tf.sqrt(tf.maximum(squares, _SMALLEST))


def attention_transfer(student: Sequence[Any], teacher: Sequence[Any]) -> Any:
    """Return the sum over the maps of mean((A_T / |A_T| - A_S / |A_S|)²).

    Parameters
    ----------
    student, teacher
        Maps (B, H, W, C) of the same layers; only H and W must agree.
    """
    pairs = zip(student, teacher, strict=True)
    return tf.add_n([_square(unit(attention(own)), unit(attention(seen))) for own, seen in pairs])


def feature_matching(student: Sequence[Any], teacher: Sequence[Any]) -> Any:
    """Return the sum over the maps of mean((F_T - F_S)²); the maps have equal shapes."""
    return tf.add_n([_square(own, seen) for own, seen in zip(student, teacher, strict=True)])


def _square(own: Any, seen: Any) -> Any:
    return tf.reduce_mean(tf.square(seen - own))


def compared(additions: Sequence[str], layers: int = 0) -> list[str]:
    """Return those of `additions`, in their order, whose maps attention transfer compares.

    Parameters
    ----------
    additions
        Names of the additions behind the last shunt.
    layers
        How many, evenly from the first to the last; 0: a third of them, two at least.

    Raises
    ------
    HarnessError
        There is none.
    """
    if not additions:
        raise HarnessError(
            "attention transfer compares additions behind the shunts, and there is none",
            "move the shunt before the network's last residual block, or distil by 'features'",
        )
    count = min(layers or max(2, ceil(len(additions) / 3)), len(additions))
    places = np.rint(np.linspace(0, len(additions) - 1, count)).astype(int)
    return [additions[place] for place in places]
