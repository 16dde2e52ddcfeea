"""What a network computes, by parts; as a program, the digests of the results in a fresh process.

``determinism_samples.py FIRST`` settles with a first cache of FIRST bytes;
``determinism_samples.py late`` settles after an operation, and prints the refusal.
"""

import json
import sys
from hashlib import sha256

import keras
import numpy as np
import tensorflow as tf

from harness.errors import HarnessError
from reproductions.shunt import cache_sizes
from reproductions.shunt.determinism import settle
from reproductions.shunt.export.conversion import to_litert
from reproductions.shunt.export.litert import Litert
from reproductions.shunt.losses.cross_entropy import cross_entropy
from reproductions.shunt.models import activations
from reproductions.shunt.normalisation import BatchNormalisation, inverse_root, softmax

WIDE = 1280
"""More summands than Eigen adds in one block, whatever the cache."""


def drawn(*shape, seed=0):
    """Return multiples of 2^-20 from -1 to 1; no function that a library approximates."""
    generator = np.random.Generator(np.random.PCG64([seed, *shape]))
    return (generator.integers(-(2**20), 2**20, shape) / 2**20).astype(np.float32)


def products():
    """Return results of sums that are longer than a block of 32 KiB."""
    maps, kernel = drawn(4, 4, 4, WIDE, seed=1), drawn(1, 1, WIDE, 24, seed=2)
    many, wide = drawn(20, 16, 16, 3, seed=3), (3, 3, 3, 16)
    backwards = tf.compat.v1.nn.conv2d_backprop_filter
    return {
        "dense": tf.matmul(drawn(32, WIDE), drawn(WIDE, 10)),
        "pointwise": tf.nn.conv2d(maps, kernel, 1, "SAME"),
        "kernel": backwards(many, wide, drawn(20, 8, 8, 16), [1, 2, 2, 1], "SAME"),
    }


def pointwise():
    """Return results of which no element is a long sum."""
    maps, positive = drawn(4, 6, 6, 37, seed=4), np.abs(drawn(4099, seed=5)) + np.float32(1e-3)
    return {
        "depthwise": tf.nn.depthwise_conv2d(maps, drawn(3, 3, 37, 1), [1, 1, 1, 1], "SAME"),
        "normalised": BatchNormalisation()(maps, training=True),
        "probabilities": softmax(3 * maps),
        "inverse roots": inverse_root(positive),
        "rewritten": tf.stack(quotients(positive)),
    }


@tf.function
def quotients(x):
    """Return what a graph optimiser would rather approximate."""
    return 1.0 / tf.sqrt(x), x / tf.sqrt(x + 1.0), x / 3.0, 7.0 / x


def training():
    """Return the weights of a small network after three steps of SGD."""
    layers = keras.layers
    image = keras.Input((6, 6, 2))
    x = layers.Conv2D(WIDE, 1, use_bias=False)(image)
    x = layers.ReLU(6)(BatchNormalisation()(x))
    x = layers.DepthwiseConv2D(3, 2, "same", use_bias=False)(x)
    x = layers.ReLU(6)(BatchNormalisation()(x))
    x = BatchNormalisation()(layers.Conv2D(16, 1, use_bias=False)(x))
    x = layers.Dense(10)(layers.GlobalAveragePooling2D()(x))
    network = keras.Model(image, x)
    optimiser = keras.optimizers.SGD(0.05, momentum=0.9)
    labels = tf.constant(np.arange(16) % 10)

    @tf.function(autograph=False)
    def step(images):
        with tf.GradientTape() as tape:
            loss = cross_entropy(network(images, training=True), labels)
        variables = network.trainable_variables
        optimiser.apply(tape.gradient(loss, variables), variables)

    for number in range(3):
        step(drawn(16, 6, 6, 2, seed=number))
    trained = np.concatenate([weight.ravel() for weight in network.get_weights()])
    return {"trained": trained}


def exported():
    """Return the flatbuffers of a small network, and what LiteRT answers by them."""
    layers = keras.layers
    image = keras.Input((6, 6, 2))
    x = layers.Conv2D(24, 3, use_bias=False, kernel_initializer=_fixed)(image)
    x = layers.Activation(activations.hard_swish)(BatchNormalisation()(x))
    x = layers.DepthwiseConv2D(3, padding="same", depthwise_initializer=_fixed)(x)
    x = layers.GlobalAveragePooling2D()(layers.ReLU(6)(x))
    x = layers.Dense(10, kernel_initializer=_fixed)(x)
    network = keras.Model(image, layers.Activation(activations.softmax)(x))
    images, found = drawn(8, 6, 6, 2), {}
    for precision in ("float32", "int8"):
        content = to_litert(network, precision, images)
        found[f"{precision} flatbuffer"] = np.frombuffer(content, np.uint8)
        for kernels, xnnpack in (("XNNPACK", True), ("own", False)):
            answers = Litert(content, xnnpack=xnnpack)(images)
            found[f"{precision} answers by {kernels} kernels"] = answers
    return found


def _fixed(shape, dtype):
    return tf.constant(drawn(*shape), dtype)


def digests():
    """Return the SHA-256 of every result under its name."""
    results = products() | pointwise() | training() | exported()
    return {name: sha256(np.asarray(one).tobytes()).hexdigest() for name, one in results.items()}


def refusal():
    """Return what `settle` says after a product."""
    tf.matmul(drawn(8, 8), drawn(8, 8))
    # No CPU has such caches: else the sizes that Eigen found might be those that are wanted.
    cache_sizes.SIZES = (1, 2, 3)
    try:
        settle(0)
    except HarnessError as error:
        return str(error)
    return "none"


if __name__ == "__main__":
    if sys.argv[1] == "late":
        print(json.dumps(refusal()))
    else:
        cache_sizes.SIZES = (int(sys.argv[1]), *cache_sizes.SIZES[1:])
        settle(0)
        print(json.dumps(digests()))
