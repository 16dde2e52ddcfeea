"""Bilinear interpolation with the corners on each other."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="shunt")
class AlignedResize(keras.layers.Layer):
    """Maps (B, H, W, C) to (B, height, width, C), the outermost pixels onto the outermost.

    On the CPU both the operation and its gradient add in a fixed order.
    """

    def __init__(self, height: int, width: int, **options: Any) -> None:
        super().__init__(**options)
        self.height = height
        self.width = width

    def call(self, maps: Any) -> Any:
        """Return the maps at the new size."""
        size = [self.height, self.width]
        return tf.raw_ops.ResizeBilinear(images=maps, size=size, align_corners=True)

    def compute_output_shape(self, shape: Any) -> tuple[Any, ...]:
        """Return the shape after the layer."""
        return (shape[0], self.height, self.width, shape[3])

    def get_config(self) -> dict[str, Any]:
        """Return what the layer is made from."""
        return {**super().get_config(), "height": self.height, "width": self.width}
