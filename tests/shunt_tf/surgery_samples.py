"""Small networks, and one of others, with weights under which every block matters."""

import keras
import numpy as np

from reproductions.shunt.params.window import Window
from reproductions.shunt.surgery.region import region

SIZE = (32, 32, 3)


def generator(seed=0):
    """Return a NumPy generator."""
    return np.random.Generator(np.random.PCG64(seed))


def stirred(model, seed=0):
    """Return `model` with random statistics, scales and shifts in its normalisations."""
    draw = generator(seed)
    for layer in model.layers:
        for weight in layer.weights:
            centred = weight.path.endswith(("kernel", "beta", "mean"))
            low, high = (-0.2, 0.2) if centred else (0.5, 1.5)
            weight.assign(draw.uniform(low, high, weight.shape).astype(np.float32))
    return model


def tiny(size=16):
    """Return a small network of named blocks.

    0 and 4 change the channels, 1 and 4 halve the map, 2, 3 and 5 are residual; 3 has squeeze and
    excitation. Its dilations are 2 from block 3 on.
    """
    x = image = keras.Input((size, size, 3), name="image")
    x = keras.layers.Conv2D(8, 3, padding="same", name="stem")(x)
    settings = ((8, 1, 1), (16, 2, 1), (16, 1, 1), (16, 1, 2), (24, 2, 2), (24, 1, 2))
    for ordinal, (channels, stride, dilation) in enumerate(settings):
        x = _inverted(f"expanded_conv_{ordinal}", x, channels, stride, dilation)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    x = keras.layers.Dense(5, activation="softmax", name="head")(x)
    return stirred(keras.Model(image, x, name="tiny"))


def _inverted(name, before, channels, stride, dilation):
    rate = dilation if stride == 1 else 1
    x = keras.layers.Conv2D(96, 1, name=f"{name}_expand", use_bias=False)(before)
    x = keras.layers.BatchNormalization(name=f"{name}_expand_BN")(x)
    x = keras.layers.ReLU(6.0, name=f"{name}_relu")(x)
    x = keras.layers.DepthwiseConv2D(
        3, stride, padding="same", dilation_rate=rate, use_bias=False, name=f"{name}_depthwise"
    )(x)
    if name.endswith("3"):
        squeezed = keras.layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_squeeze")(x)
        squeezed = keras.layers.Conv2D(96, 1, name=f"{name}_excite")(squeezed)
        x = keras.layers.Multiply(name=f"{name}_product")([x, keras.ops.sigmoid(squeezed)])
    x = keras.layers.Conv2D(channels, 1, name=f"{name}_project", use_bias=False)(x)
    x = keras.layers.BatchNormalization(name=f"{name}_project_BN")(x)
    alike = stride == 1 and before.shape[-1] == channels and not name.endswith("0")
    return keras.layers.Add(name=f"{name}_Add")([before, x]) if alike else x


def v3():
    """Return keras.applications' MobileNetV3 small, with operations that are no layers."""
    made = keras.applications.MobileNetV3Small(
        SIZE, 0.5, weights=None, classes=5, include_preprocessing=False, name="v3"
    )
    return stirred(made)


def plain(name="plain"):
    """Return a small network without block names: two residuals, one with a way of its own."""
    image = keras.Input((8, 8, 3), name="image")
    x = keras.layers.Conv2D(6, 3, padding="same", name="stem")(image)
    y = keras.layers.Conv2D(6, 3, padding="same", activation="relu", name="first_a")(x)
    y = keras.layers.Conv2D(6, 3, padding="same", name="first_b")(y)
    x = keras.layers.Add(name="first_sum")([x, y])
    x = keras.layers.ReLU(name="between")(x)
    y = keras.layers.Conv2D(8, 3, 2, padding="same", name="second_a")(x)
    x = keras.layers.Conv2D(8, 1, 2, name="second_way")(x)
    x = keras.layers.Add(name="second_sum")([x, y])
    y = keras.layers.Conv2D(8, 3, padding="same", name="third_a")(x)
    x = keras.ops.add(x, y)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    return stirred(keras.Model(image, keras.layers.Dense(4, name="head")(x), name=name))


def images(model, count=3, seed=5):
    """Return images for `model`."""
    return generator(seed).random((count, *model.input_shape[1:]), dtype=np.float32)


def answer(model, inputs):
    """Return the outputs of `model` in inference as an array."""
    return np.asarray(model(inputs, training=False))


def window(text):
    """Return the window that `text` writes."""
    return Window.parse(text)


def copy_of(model, text, name="copy"):
    """Return a shunt that is the window itself."""
    part = region(model, window(text))
    return keras.Model(part.entry, part.exit, name=name)


def weights(model):
    """Return the values of all variables."""
    return [one.numpy() for one in model.variables]
