"""Initial weights that depend on a seed alone: drawn by NumPy, the same on every CPU."""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import prod, sqrt
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from harness.formats.arrays import Array

_DEVIATION = 0.87962566103423978
"""Standard deviation of a normal variable that is cut off at two of its own."""


class Drawn(keras.initializers.Initializer, ABC):
    """An initialiser that draws with NumPy's generator from `seed`."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    @abstractmethod
    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Array:
        """Return values for a kernel of `shape`."""

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Return the tensor that the layer begins with."""
        generator = np.random.Generator(np.random.PCG64(self.seed))
        values = self.draw(tuple(shape), generator)
        return tf.constant(values.astype(np.float32), dtype or "float32")

    def get_config(self) -> dict[str, Any]:
        """Return what the initialiser is made from."""
        return {"seed": self.seed}


def _fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the inputs and outputs of a kernel as Keras counts them, depthwise ones too."""
    area = prod(shape[:-2])
    return shape[-2] * area, shape[-1] * area


@keras.saving.register_keras_serializable(package="shunt")
class Glorot(Drawn):
    """Uniform values within the root of six by inputs and outputs (Glorot and Bengio 2010)."""

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Array:
        """Return values for a kernel of `shape`."""
        return (2.0 * generator.random(shape) - 1.0) * sqrt(6.0 / sum(_fans(shape)))


@keras.saving.register_keras_serializable(package="shunt")
class HeNormal(Drawn):
    """Normal values, cut off at two deviations, of variance two by inputs (He et al. 2015)."""

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Array:
        """Return values for a kernel of `shape`."""
        values = generator.standard_normal(shape)
        while (far := np.abs(values) > 2.0).any():
            values[far] = generator.standard_normal(int(far.sum()))
        return values * (sqrt(2.0 / _fans(shape)[0]) / _DEVIATION)
