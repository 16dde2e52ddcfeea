"""The training of a small convolutional Gluon network on the digits."""

import mxnet as mx
import numpy as np
from mxnet import autograd, gluon

from reproductions.frameworks.params import NetworkTraining


def train(inputs, params: NetworkTraining, outputs, run) -> None:
    """Write the trained weights, and the loss and test accuracy after every epoch."""
    arrays = inputs.arrays("images")
    train, test = (_examples(arrays, part) for part in ("train", "test"))
    mx.random.seed(run.seed("weights"))
    network = _network(params.channels)
    trainer = gluon.Trainer(
        network.collect_params(),
        "sgd",
        {"learning_rate": params.learning_rate, "momentum": 0.9, "wd": 1e-4},
    )
    order = run.generator("order")
    history = []
    for epoch in range(params.epochs):
        loss = _epoch(network, trainer, train, order.permutation(len(train[0])), params.batch_size)
        history.append({"epoch": epoch, "loss": loss, "accuracy": _accuracy(network, test)})
    named = network.collect_params().items()
    prefix = network.prefix
    outputs.weights(
        "weights", {name.removeprefix(prefix): value.data().asnumpy() for name, value in named}
    )
    outputs.rows("history", history)


def _examples(arrays, part):
    images = arrays[f"{part}_images"].astype(np.float32).transpose(0, 3, 1, 2) / 16
    return images, arrays[f"{part}_labels"].astype(np.float32)


def _network(channels):
    network = gluon.nn.HybridSequential()
    for width, stride in ((channels, 1), (2 * channels, 2)):
        network.add(gluon.nn.Conv2D(width, 3, strides=stride, padding=1, use_bias=False))
        network.add(gluon.nn.BatchNorm(), gluon.nn.Activation("relu"))
    network.add(gluon.nn.GlobalAvgPool2D(), gluon.nn.Dense(10))
    network.initialize(mx.init.Xavier())
    network.hybridize()
    return network


def _epoch(network, trainer, examples, order, size):
    images, labels = examples
    losses = []
    for start in range(0, len(order), size):
        chosen = order[start : start + size]
        with autograd.record():
            scores = network(mx.nd.array(images[chosen]))
            loss = gluon.loss.SoftmaxCrossEntropyLoss()(scores, mx.nd.array(labels[chosen]))
        loss.backward()
        trainer.step(len(chosen))
        losses.append(float(loss.mean().asscalar()))
    return float(np.mean(losses))


def _accuracy(network, examples):
    images, labels = examples
    answers = network(mx.nd.array(images)).asnumpy().argmax(axis=1)
    return 100 * float((answers == labels).mean())
