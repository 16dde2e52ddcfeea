"""Train a network with a shunt, an epoch for each line of input; run by TensorFlow's Python.

After every epoch its CPU seconds are printed.

``python shunt_training_throughput.py ours`` trains with the project's loop and its settings.
``python shunt_training_throughput.py plain`` trains the same network from Keras's own layers by
`fit`: no setting for determinism, Keras's own loss and metric, no checkpoint.
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from epoch_clock import EPOCHS, Clock, run

from reproductions.shunt import models
from reproductions.shunt.data.split import Split
from reproductions.shunt.determinism import settle
from reproductions.shunt.normalisation import BatchNormalisation
from reproductions.shunt.params.network import MobileNetV2
from reproductions.shunt.params.shunt import Shunt
from reproductions.shunt.params.training import Training
from reproductions.shunt.params.window import Window
from reproductions.shunt.shunts import build_shunt
from reproductions.shunt.surgery.region import region
from reproductions.shunt.surgery.replacement import with_shunts
from reproductions.shunt.training.loop import Subject, Task, train
from reproductions.shunt.training.objective import supervised

IMAGES, VALIDATION, BATCH = 768, 32, 64
NETWORK = MobileNetV2(family="mobilenetv2")
WINDOW = Window(first=7, last=12)
PARAMS = Training(
    epochs=EPOCHS, batch_size=BATCH, learning_rate=0.01, schedule={"kind": "constant"}
)


def split(count):
    """Return images of noise, as a dataset stage stores them."""
    random = np.random.Generator(np.random.PCG64(count))
    return Split(
        images=random.integers(0, 256, (count, 32, 32, 3)).astype(np.uint8),
        labels=random.integers(0, 10, count),
        maximum=255.0,
        mean=(0.5,) * 3,
        std=(0.25,) * 3,
        classes=10,
    )


def final():
    """Return MobileNetV2 with a shunt in the place of blocks 7 to 12."""
    original = models.build(NETWORK, 0)
    shunt = build_shunt(region(original, WINDOW), Shunt(architecture=1, width="published"), 0)
    return with_shunts(original, {WINDOW: shunt})


def ours(clock):
    """Train as a stage does."""
    settle()

    def begin(_done):
        model = final()
        return Subject(model, supervised(models.logits(model)))

    with run("shunt", "final", clock) as one:
        train([Task("final", begin)], split(IMAGES), split(VALIDATION), PARAMS, one)


def kerasic(layer):
    """Return Keras's own layer in the place of one of the project's."""
    if isinstance(layer, keras.Model):
        return keras.models.clone_model(layer, clone_function=kerasic)
    if isinstance(layer, BatchNormalisation):
        return keras.layers.BatchNormalization.from_config(layer.get_config())
    if isinstance(layer, keras.layers.Activation) and layer.activation.__name__ == "softmax":
        return keras.layers.Softmax(name=layer.name)
    return layer.__class__.from_config(layer.get_config())


class Fit(keras.callbacks.Callback):
    """Tells the clock of every epoch."""

    def __init__(self, clock):
        super().__init__()
        self.clock = clock

    def on_epoch_end(self, *_about):
        """End an epoch."""
        self.clock()


def plain(clock):
    """Train as Keras's tutorials do."""
    model = keras.models.clone_model(final(), clone_function=kerasic)
    model.compile(
        keras.optimizers.SGD(0.01, momentum=0.9),
        keras.losses.SparseCategoricalCrossentropy(),
        metrics=["accuracy"],
    )
    images, validation = (
        tf.data.Dataset.from_tensor_slices((next(iter(part.batches(len(part))))[0], part.labels))
        for part in (split(IMAGES), split(VALIDATION))
    )
    model.fit(
        images.shuffle(IMAGES).batch(BATCH).prefetch(2),
        validation_data=validation.batch(BATCH),
        epochs=EPOCHS,
        callbacks=[Fit(clock)],
        verbose=0,
    )


if __name__ == "__main__":
    {"ours": ours, "plain": plain}[sys.argv[1]](Clock())
