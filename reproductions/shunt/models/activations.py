"""The activations of the networks, as functions that a saved model names."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from reproductions.shunt import normalisation

_register = keras.saving.register_keras_serializable(package="shunt")


@_register
def relu(values: Any) -> Any:
    """Return the positive part."""
    return tf.nn.relu(values)


@_register
def relu6(values: Any) -> Any:
    """Return the positive part, at most 6."""
    return tf.nn.relu6(values)


@_register
def hard_swish(values: Any) -> Any:
    """Return x relu6(x + 3) / 6 of each value x."""
    return tf.nn.relu6(values + 3.0) * (1.0 / 6.0) * values


@_register
def hard_sigmoid(values: Any) -> Any:
    """Return relu6(x + 3) * 0.16667 of each value x; the release rounds a sixth so."""
    return tf.nn.relu6(values + 3.0) * 0.16667


@_register
def softmax(values: Any) -> Any:
    """Return the probabilities over the last axis, without approximations of the CPU."""
    return normalisation.softmax(values)
