"""A tiny network with three residual blocks, tiny images, and runs to train them in."""

import keras
import numpy as np
from keras import layers

from harness.stage.checkpoint import Checkpoint
from harness.stage.run import Run
from reproductions.shunt.data.split import Split
from reproductions.shunt.determinism import settle
from reproductions.shunt.params.training import Training
from reproductions.shunt.params.window import Window

settle()
SIZE, CLASSES, WIDTH = 6, 3, 4
HOW = {"epochs": 2, "batch_size": 8, "learning_rate": 0.1}
FIRST, LAST = Window(first=1, last=1), Window(first=3, last=3)


def generator(seed=0):
    """Return one stream of random numbers."""
    return np.random.Generator(np.random.PCG64(seed))


def images_of(count, seed=0, **more):
    """Return a split whose classes are the bright third of the image, with noise."""
    random = generator(seed)
    labels = random.integers(0, CLASSES, count)
    pixels = random.integers(0, 60, (count, SIZE, SIZE, 2))
    rows = np.arange(SIZE)[None, :] // (SIZE // CLASSES) == labels[:, None]
    pixels += 150 * rows[:, :, None, None]
    about = {"maximum": 255.0, "mean": (0.3, 0.3), "std": (0.25, 0.25), "classes": CLASSES}
    return Split(pixels.astype(np.uint8), labels, **{**about, **more})


def scenes_of(count, seed=0):
    """Return a split with masks: rows of one class each, the first row ignored."""
    flat = images_of(count, seed)
    rows = np.arange(SIZE)[None, :] // (SIZE // CLASSES) == flat.labels[:, None]
    masks = np.repeat(rows[:, :, None], SIZE, axis=2).astype(np.uint8)
    masks[:, 0] = 255
    return Split(flat.images, masks, 255.0, (0.5, 0.5), (0.5, 0.5), CLASSES, ignore=255)


def _draw(seed):
    return {"kernel_initializer": keras.initializers.HeNormal(seed=seed)}


def _block(x, number, prefix):
    name = f"{prefix}expanded_conv_{number}"
    y = layers.Conv2D(
        WIDTH, 3, padding="same", use_bias=False, name=f"{name}_expand", **_draw(number),
        kernel_regularizer=keras.regularizers.L2(1e-3),
    )(x)  # fmt: skip
    y = layers.BatchNormalization(name=f"{name}_project_BN", momentum=0.9)(y)
    return layers.Add(name=f"{name}_Add")([x, y]) if number else layers.ReLU(name=f"{name}_r")(y)


def network(prefix="", blocks=2, dropout=0.0, seed=9):
    """Return block 0 and residual blocks, pooled and classified."""
    image = keras.Input((SIZE, SIZE, 2), name=f"{prefix}image")
    x = layers.Conv2D(WIDTH, 1, name=f"{prefix}Conv", **_draw(seed))(image)
    for number in range(blocks):
        x = _block(x, number, prefix)
    x = layers.GlobalAveragePooling2D(name=f"{prefix}pool")(
        layers.Conv2D(WIDTH, SIZE, name=f"{prefix}Conv_1", **_draw(seed + 1))(x)
    )
    x = layers.Dropout(dropout, seed=seed, name=f"{prefix}drop")(x) if dropout else x
    x = layers.Dense(CLASSES, name=f"{prefix}Logits", **_draw(seed + 2))(x)
    return keras.Model(image, layers.Softmax(name=f"{prefix}softmax")(x), name="tiny")


def shunt(window, seed=5):
    """Return a small shunt for a window of `network`."""
    entry = keras.Input((SIZE, SIZE, WIDTH))
    draw = _draw(seed + window.first)
    decay = keras.regularizers.L2(1e-3)
    x = layers.Conv2D(WIDTH, 1, name="P", kernel_regularizer=decay, **draw)(entry)
    x = layers.BatchNormalization(name="P_BN", momentum=0.9)(x)
    return keras.Model(entry, x, name=f"shunt_{window.first}_{window.last}")


def run(path=None, progress=None, seed=0):
    """Return a run of a stage that saves its checkpoint at `path`."""
    return Run("shunt", "training", seed, Checkpoint(path), progress or (lambda *_: None))


def training(**how):
    """Return parameters of a short training."""
    return Training(**{**HOW, "schedule": {"kind": "constant"}, **how})
