"""Layers without the operations whose bytes differ between families of CPU."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


def softmax(logits: Any) -> Any:
    """Return the probabilities over the last axis; tf.nn.softmax divides by an approximation."""
    return tf.exp(tf.nn.log_softmax(logits))


def inverse_root(values: Any) -> Any:
    """Return 1 / sqrt(values) by operations that the CPU rounds exactly.

    The graph optimiser knows 1 / sqrt(x) and x / sqrt(y), and would make them rsqrt; not this.
    """
    return tf.sqrt(values) / values


@keras.saving.register_keras_serializable(package="shunt")
class BatchNormalisation(keras.layers.BatchNormalization):
    """Batch normalisation with a square root and a division instead of rsqrt.

    Everything else is Keras's: parameters, weights and their order, and that a frozen layer
    (``trainable = False``) uses its moving statistics. Neither masks nor renorm nor statistics
    over several devices.
    """

    def build(self, input_shape: Any) -> None:
        """Make the weights."""
        if self.renorm or self.synchronized:
            raise ValueError(f"{self.name}: neither renorm nor synchronized is supported")
        super().build(input_shape)
        rank = len(input_shape)
        self._over = [axis for axis in range(rank) if axis != self.axis % rank]

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return the normalised inputs, and update the moving statistics while training."""
        if mask is not None:
            raise ValueError(f"{self.name}: a mask is not supported")
        if training and self.trainable:
            mean, variance = tf.nn.moments(inputs, self._over)
            keep = self.momentum
            self.moving_mean.assign(self.moving_mean * keep + mean * (1.0 - keep))
            self.moving_variance.assign(self.moving_variance * keep + variance * (1.0 - keep))
        else:
            mean = tf.convert_to_tensor(self.moving_mean)
            variance = tf.convert_to_tensor(self.moving_variance)
        scale = inverse_root(variance + self.epsilon)
        if self.scale:
            scale *= self.gamma
        shift = -mean * scale
        if self.center:
            shift += self.beta
        if self._over[-1] == len(inputs.shape) - 1:
            shape = [1 if axis in self._over else -1 for axis in range(len(inputs.shape))]
            scale, shift = tf.reshape(scale, shape), tf.reshape(shift, shape)
        return inputs * scale + shift
