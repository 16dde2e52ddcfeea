"""A Keras model as a LiteRT flatbuffer, in single precision or in whole numbers of eight bits."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from harness.errors import HarnessError
from harness.formats.arrays import Array
from reproductions.quiet import quiet
from reproductions.shunt.export.canonical import canonical
from reproductions.shunt.params.export import Ends, Precision


def to_litert(
    model: keras.Model,
    precision: Precision = "float32",
    calibration: Array | None = None,
    ends: Ends = "int8",
) -> bytes:
    """Return `model` as a LiteRT flatbuffer for one image at a time.

    The bytes depend on the layers, the weights and the images alone: neither on names, nor on
    what the process made before. The model is untouched.

    Parameters
    ----------
    model
        With one input (N, H, W, C) float32 of a known size, and one output.
    precision
        `int8`: weights and maps are rounded to 8 bits after training, by what the maps hold for
        `calibration`.
    calibration
        Images of the training split as the model takes them, (N, H, W, C) float32; with `int8`.
    ends
        With `int8`: what goes in and comes out.

    Raises
    ------
    HarnessError
        The input is not of that kind, `int8` comes without images, or LiteRT cannot say what the
        model does.
    """
    shape = _shape(model)
    if precision == "int8":
        _check_calibration(calibration, shape)
    with quiet() as said:
        try:
            converter = tf.lite.TFLiteConverter.from_concrete_functions([_frozen(model, shape)])
            if precision == "int8":
                _quantise(converter, calibration, ends)
            content = converter.convert()
        except Exception as error:
            # Each part of the converter raises its own.
            raise HarnessError(
                f"'{model.name}' cannot be exported to LiteRT: {error}\n{said.getvalue()[-1000:]}",
                "take layers that LiteRT's own operations can express",
            ) from error
    return canonical(content)


def _shape(model: keras.Model) -> tuple[int, int, int]:
    """The size of an image, (H, W, C)."""
    inputs, outputs = model.inputs, model.outputs
    size = tuple(inputs[0].shape[1:])
    if len(inputs) != 1 or len(outputs) != 1 or len(size) != 3 or None in size:
        raise HarnessError(
            f"'{model.name}' takes {[tuple(one.shape) for one in inputs]} and gives "
            f"{len(outputs)} outputs; an exported model takes (N, H, W, C) and gives one",
            "build it with one input of a known size and one output",
        )
    height, width, channels = size
    return height, width, channels


def _check_calibration(images: Array | None, shape: tuple[int, int, int]) -> None:
    if images is None or not len(images) or images.shape[1:] != shape:
        found = "none" if images is None else f"an array {images.shape}"
        raise HarnessError(
            f"int8 needs images (N, {', '.join(map(str, shape))}) to find the ranges of the maps; "
            f"there is {found}",
            "give images of the training split, as the model takes them",
        )


def _frozen(model: keras.Model, shape: tuple[int, int, int]) -> Any:
    """The forward pass of one image, with the weights as constants."""
    signature = [tf.TensorSpec((1, *shape), tf.float32, name="image")]

    @tf.function(input_signature=signature, autograph=False)
    def forward(image: tf.Tensor) -> tf.Tensor:
        return model(image, training=False)

    return convert_variables_to_constants_v2(forward.get_concrete_function())


def _quantise(converter: Any, images: Array | None, ends: Ends) -> None:
    """Have every operation in whole numbers; one that has none is refused."""
    assert images is not None
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([image[None]] for image in images)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    if ends == "int8":
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
