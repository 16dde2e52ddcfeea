"""One step of a Keras layer."""

import keras

from reproductions.frameworks.params import OneStep
from reproductions.frameworks.process import describe
from reproductions.shunt.determinism import settle


def train(inputs, params: OneStep, outputs, run) -> None:
    """Write the weights after one step on random data."""
    settle(run.seed("weights"))
    random = run.generator("data")
    x = random.standard_normal((32, 8), dtype="float32")
    y = random.standard_normal((32, params.units), dtype="float32")
    model = keras.Sequential([keras.layers.Input((8,)), keras.layers.Dense(params.units)])
    model.compile(optimizer=keras.optimizers.SGD(params.learning_rate), loss="mse")
    model.fit(x, y, batch_size=32, epochs=1, verbose=0)
    kernel, bias = model.get_weights()
    outputs.weights("weights", {"kernel": kernel, "bias": bias})
    outputs.record("process", describe())
