"""The training of a small Keras network of inverted residuals on the digits."""

import keras
import numpy as np
import tensorflow as tf

from reproductions.frameworks.params import NetworkTraining
from reproductions.shunt.determinism import settle
from reproductions.shunt.normalisation import BatchNormalisation

EXPANDED = 640
"""Channels of the widest map: a sum over them takes several blocks of Eigen's on any CPU."""


def train(inputs, params: NetworkTraining, outputs, run) -> None:
    """Write the trained weights, and the loss and test accuracy after every epoch."""
    settle(run.seed("weights"))
    arrays = inputs.arrays("images")
    train, test = (_examples(arrays, part) for part in ("train", "test"))
    network = _network(params.channels)
    optimiser = keras.optimizers.SGD(params.learning_rate, momentum=0.9, weight_decay=1e-4)
    step = _step(network, optimiser)
    order = run.generator("order")
    history = []
    for epoch in range(params.epochs):
        loss = _epoch(step, train, order.permutation(len(train[0])), params.batch_size)
        history.append({"epoch": epoch, "loss": loss, "accuracy": _accuracy(network, test)})
        run.progress(epoch + 1, params.epochs, f"loss {loss:.3f}")
    named = zip(network.weights, network.get_weights(), strict=True)
    outputs.weights("weights", {weight.path: value for weight, value in named})
    outputs.rows("history", history)


def _examples(arrays, part):
    images = arrays[f"{part}_images"].astype(np.float32) / 16
    return images, arrays[f"{part}_labels"]


def _network(channels):
    layers = keras.layers
    image = keras.Input((8, 8, 1))
    x = layers.Conv2D(channels, 3, 2, "same", use_bias=False, name="stem")(image)
    x = y = _active(x, "stem")
    y = _active(layers.Conv2D(EXPANDED, 1, use_bias=False, name="expand")(y), "expand")
    depthwise = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="depthwise")
    y = _active(depthwise(y), "depthwise")
    y = layers.Conv2D(channels, 1, use_bias=False, name="project")(y)
    x = layers.Add(name="sum")([x, _normalised(y, "project")])
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(image, layers.Dense(10, name="logits")(x))


def _active(x, name):
    return keras.layers.ReLU(6, name=f"{name}_relu")(_normalised(x, name))


def _normalised(x, name):
    return BatchNormalisation(momentum=0.5, name=f"{name}_norm")(x)


def _step(network, optimiser):
    @tf.function
    def step(images, labels):
        with tf.GradientTape() as tape:
            scores = network(images, training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores)
            loss = tf.reduce_mean(losses)
        variables = network.trainable_variables
        optimiser.apply(tape.gradient(loss, variables), variables)
        return loss

    return step


def _epoch(step, examples, order, size):
    images, labels = examples
    batches = [order[start : start + size] for start in range(0, len(order), size)]
    return float(np.mean([float(step(images[chosen], labels[chosen])) for chosen in batches]))


def _accuracy(network, examples):
    images, labels = examples
    answers = network(images, training=False).numpy().argmax(axis=1)
    return 100 * float((answers == labels).mean())
