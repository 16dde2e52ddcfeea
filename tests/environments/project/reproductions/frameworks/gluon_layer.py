"""One step of a Gluon layer."""

import mxnet as mx
from mxnet import autograd, gluon

from reproductions.frameworks.params import OneStep
from reproductions.frameworks.process import describe


def train(inputs, params: OneStep, outputs, run) -> None:
    """Write the weights after one step on random data."""
    mx.random.seed(run.seed("weights"))
    random = run.generator("data")
    x = mx.nd.array(random.standard_normal((32, 8), dtype="float32"))
    y = mx.nd.array(random.standard_normal((32, params.units), dtype="float32"))
    layer = gluon.nn.Dense(params.units, in_units=8)
    layer.initialize(mx.init.Xavier())
    trainer = gluon.Trainer(layer.collect_params(), "sgd", {"learning_rate": params.learning_rate})
    with autograd.record():
        loss = gluon.loss.L2Loss()(layer(x), y)
    loss.backward()
    trainer.step(32)
    values = {"kernel": layer.weight.data().asnumpy(), "bias": layer.bias.data().asnumpy()}
    outputs.weights("weights", values)
    outputs.record("process", describe())
