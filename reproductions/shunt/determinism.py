"""The settings under which TensorFlow gives the same bytes on every run and every AVX2 CPU."""

from __future__ import annotations

import keras
import tensorflow as tf

from reproductions.shunt.cache_sizes import fix_cache_sizes


def settle(seed: int | None = None) -> None:
    """Make TensorFlow independent of the CPU and of time; call it before any operation.

    What oneDNN may use is fixed before the process starts, by the environment's variables.

    It cannot reach what Eigen computes with the instructions rsqrtps and rcpps, of which each
    family of CPU has its own approximation: tf.math.rsqrt and tf.math.reciprocal, and with them
    keras.layers.BatchNormalization, LayerNormalization, tf.nn.softmax, gelu, tf.nn.l2_normalize,
    and the gradients of log, log1p and atan. Stages use `reproductions.shunt.normalisation`.

    Parameters
    ----------
    seed
        Of Python, NumPy and TensorFlow. Without one, an operation with chance raises an error.
    """
    fix_cache_sizes()
    # Threads share a sum, or a row of values whose end is computed one by one, by their number.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    # Both replace a division by a product with rsqrt or reciprocal: x / sqrt(y), 1 / x, x / 3.
    tf.config.optimizer.set_experimental_options(
        {"arithmetic_optimization": False, "constant_folding": False}
    )
    if seed is not None:
        keras.utils.set_random_seed(seed)
