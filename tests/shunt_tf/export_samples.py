"""Small networks with every kind of layer that is exported; as a program, their digests."""

import sys
from hashlib import sha256

import keras
import numpy as np

from reproductions.shunt.determinism import settle
from reproductions.shunt.export.conversion import to_litert
from reproductions.shunt.models import build
from reproductions.shunt.models.activations import hard_sigmoid, hard_swish, softmax
from reproductions.shunt.models.resize import AlignedResize
from reproductions.shunt.normalisation import BatchNormalisation
from reproductions.shunt.params.network import DeepLabV3, MobileNetV2, MobileNetV3, Pool

SIZE, CHANNELS, CLASSES = 16, 3, 5
SHAPE = (SIZE, SIZE, CHANNELS)
SMALLEST = {"width": 0.35, "classes": 10}
NETWORKS = {
    "mobilenetv2": MobileNetV2(family="mobilenetv2", change_stride_layers=2, **SMALLEST),
    "mobilenetv3": MobileNetV3(
        family="mobilenetv3", size="small", change_stride_layers=2, **SMALLEST
    ),
    "deeplabv3": DeepLabV3(
        family="deeplabv3",
        image_height=64,
        image_width=96,
        classes=CLASSES,
        pool=Pool(size=(2, 2), strides=(1, 1)),
    ),
}
"""The three families; the smallest that the release's options give."""


def images(count=24, shape=SHAPE, seed=0):
    """Return `count` images as a network takes them."""
    generator = np.random.Generator(np.random.PCG64(seed))
    return generator.standard_normal((count, *shape), np.float32)


def shunt():
    """Return a sub-model that halves the map."""
    entry = keras.Input((SIZE // 2, SIZE // 2, 8), name="shunt_input")
    x = keras.layers.Conv2D(16, 1, use_bias=False, name="shunt_conv")(entry)
    x = BatchNormalisation(name="shunt_norm")(x)
    x = keras.layers.ReLU(6, name="shunt_relu")(x)
    depthwise = keras.layers.DepthwiseConv2D
    x = depthwise(3, strides=2, padding="same", use_bias=False, name="shunt_depth")(x)
    return keras.Model(entry, x, name="shunt_3_4")


def network(seed=1, *, segments=False):
    """Return a network with hard swish, squeeze and excite, dropout and a nested shunt.

    It classifies images, or with `segments` their pixels, and is sure of its answers.
    """
    layers = keras.layers
    image = keras.Input(SHAPE, name="image")
    x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False, name="stem")(image)
    x = BatchNormalisation(name="stem_norm")(x)
    x = layers.Activation(hard_swish, name="stem_swish")(x)
    s = layers.GlobalAveragePooling2D(keepdims=True, name="squeeze")(x)
    s = layers.Conv2D(8, 1, activation=hard_sigmoid, name="excite")(s)
    y = layers.Multiply(name="scale")([x, s])
    x = layers.Add(name="sum")([x, y])
    x = shunt()(x)
    if segments:
        x = layers.Conv2D(CLASSES, 1, name="classes")(x)
        x = AlignedResize(SIZE, SIZE, name="resize")(x)
    else:
        x = layers.GlobalAveragePooling2D(name="pool")(x)
        x = layers.Dropout(0.5, name="dropout", seed=0)(x)
        x = layers.Dense(CLASSES, name="classes")(x)
    x = layers.Activation(softmax, name="softmax")(x)
    whole = drawn(keras.Model(image, x, name="network"), seed)
    if not segments:  # a mean over pixels is small
        kernel = whole.get_layer("classes").kernel
        kernel.assign(10 * kernel)
    return whole


def family(name, seed=1):
    """Return one of NETWORKS with drawn weights, sure of its answers."""
    return drawn(build(NETWORKS[name], seed), seed)


def drawn(model, seed):
    """Draw all weights, nested ones too, large enough for classes to differ; return the model."""
    generator = np.random.Generator(np.random.PCG64(seed))
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            drawn(layer, seed + 1)
        elif isinstance(layer, keras.layers.BatchNormalization):
            shape = layer.gamma.shape
            ranges = ((0.5, 1.5), (-0.5, 0.5), (-0.1, 0.1), (0.5, 1.5))
            layer.set_weights([generator.uniform(*ends, shape) for ends in ranges])
        elif layer.weights:
            layer.set_weights([_weight(one, generator) for one in layer.weights])
    return model


def _weight(weight, generator):
    if len(weight.shape) == 1:
        return generator.uniform(-0.1, 0.1, weight.shape)
    inputs = np.prod(weight.shape[: 2 if weight.name == "depthwise_kernel" else -1])
    return generator.standard_normal(weight.shape) * (2 / inputs) ** 0.5


def digests():
    """Return the SHA-256 of a network's flatbuffers in both precisions, calibrated alike."""
    model = network(segments=True)
    both = to_litert(model), to_litert(model, "int8", images(4))
    return [sha256(content).hexdigest() for content in both]


if __name__ == "__main__":
    settle()
    for _ in range(int(sys.argv[1])):
        network()  # what was made before gives Keras's own names other numbers
    print(*digests())
