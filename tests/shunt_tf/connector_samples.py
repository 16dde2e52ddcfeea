"""Configurations and datasets for the tests of the authors' interface."""

import re

import keras
import tensorflow as tf
from training_samples import CLASSES, SIZE, images_of, network, scenes_of

from reproductions.shunt import ShuntConnector
from reproductions.shunt.connector.writing import SMALL, text

TRAINING = {
    "learning_policy": "poly", "batchsize": "8", "max_epochs": "1",
    "base_learning_rate": "0.05", "learning_rate_param": "0.9",
}  # fmt: skip
OWN = {
    "SHUNT": {"locations": "1"},
    "TRAINING_ORIGINAL_MODEL": TRAINING,
    "TRAINING_SHUNT_MODEL": {**TRAINING, "base_learning_rate": "0.01"},
    "TRAINING_FINAL_MODEL": TRAINING,
    "TEST_LATENCY": {"iterations": "1", "number_of_samples": "3"},
}
"""The sections that a user's own dataset and models need."""


def example(folder):
    """Return the example for the digits with one epoch each; its images lie in `folder`."""
    written = re.sub("max_epochs = [0-9]+", "max_epochs = 1", text(SMALL))
    written = written.replace("batchsize = 64", "batchsize = 256")
    return written.replace("path =", f"path = {folder}", 1)


def tensors(split):
    """Return a split as a user's own unbatched tf.data, with normalised values."""
    parts = [tf.data.Dataset.from_tensor_slices(pair) for pair in split.batches(len(split))]
    return parts[0]


def props(**changes):
    """Return what is known of the own dataset."""
    known = {
        "task": "classification", "num_classes": CLASSES, "input_shape": (SIZE, SIZE, 2),
        "len_train_data": 24, "len_val_data": 12, "len_test_data": 10,
    }  # fmt: skip
    return {**known, **changes}


def own(folder, *changes, blocks=2, masks=False):
    """Return a connector with a dataset of its own, and an original model of so many blocks."""
    config = {name: dict(section) for name, section in OWN.items()}
    for section, values in changes:
        config.setdefault(section, {}).update(values)
    connector = ShuntConnector(config, folder=folder)
    make = scenes_of if masks else images_of
    connector.dataset_props = props(task="segmentation" if masks else "classification")
    connector.dataset_train = tensors(make(24, 1))
    connector.dataset_val = tensors(make(12, 2))
    connector.dataset_test = tensors(make(10, 3))
    if blocks:
        connector.set_original_model(network(blocks=blocks))
    return connector


def segmenter(seed=0):
    """Return a network for masks: a residual block between two convolutions."""
    draw = {"kernel_initializer": keras.initializers.HeNormal(seed=seed)}
    image = keras.Input((SIZE, SIZE, 2))
    x = keras.layers.Conv2D(4, 1, name="Conv", **draw)(image)
    y = keras.layers.Conv2D(4, 3, padding="same", name="expanded_conv_1_expand", **draw)(x)
    x = keras.layers.Add(name="expanded_conv_1_Add")([x, y])
    x = keras.layers.Conv2D(CLASSES, 1, name="Logits", **draw)(x)
    return keras.Model(image, keras.layers.Softmax(name="softmax")(x), name="segmenter")
