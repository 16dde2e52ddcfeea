"""Tiny datasets, networks and systems, and a way to run a step of the registry."""

from importlib import import_module
from io import StringIO
from pathlib import Path

import numpy as np

from harness.formats import arrays, rows
from harness.stage.checkpoint import Checkpoint
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.progress import Progress
from harness.stage.run import Run
from harness.steps import SUFFIX
from reproductions.shunt.steps import STEPS

NETWORK = {
    "family": "mobilenetv3", "size": "small", "minimalistic": True, "width": 0.35, "classes": 4,
    "image_height": 8, "image_width": 8, "image_channels": 1, "change_stride_layers": 3,
    "momentum": 0.7,
}  # fmt: skip
SCENE_NETWORK = {
    "family": "deeplabv3", "width": 0.35, "image_height": 33, "image_width": 33, "classes": 3,
    "output_stride": 16, "pool": {"size": (3, 3), "strides": (1, 1)}, "momentum": 0.7,
}  # fmt: skip
_SHUNT = {"architecture": 4, "width": "window"}
ONE = {"name": "published", "windows": ({"window": "5-9", "shunt": _SHUNT},)}
SCENE_ONE = {"name": "published", "windows": ({"window": "5-10", "shunt": _SHUNT},)}
SPLITS = (("train", 64), ("validation", 24), ("test", 28))
TRAINING = {
    "epochs": 2, "batch_size": 16, "learning_rate": 0.05, "schedule": {"kind": "constant"},
}  # fmt: skip


def write_images(folder):
    """Write splits of images of 8x8, four classes, each a bright quarter; return the folder."""
    random = np.random.Generator(np.random.PCG64(5))
    found = {}
    for part, count in SPLITS:
        labels = np.arange(count, dtype=np.int64) % 4
        images = random.integers(0, 6, (count, 8, 8, 1)).astype(np.uint8)
        for image, label in zip(images, labels, strict=True):
            top, left = 4 * (label // 2), 4 * (label % 2)
            image[top : top + 4, left : left + 4] += 11
        found |= {f"{part}_images": images, f"{part}_labels": labels}
    about = {
        "dataset": "quarters", "task": "classification", "classes": 4, "class_names": list("abcd"),
        "maximum": 16, "mean": [0.3], "std": [0.3],
    }  # fmt: skip
    arrays.write_folder(folder, found, about)
    return folder


def write_scenes(folder):
    """Write splits of scenes of 33x33, a red and a blue half on grey ground, with masks."""
    random = np.random.Generator(np.random.PCG64(6))
    found = {}
    for part, count in (("train", 16), ("validation", 6), ("test", 7)):
        images = random.integers(90, 110, (count, 33, 33, 3)).astype(np.uint8)
        masks = np.zeros((count, 33, 33), np.uint8)
        for image, mask in zip(images, masks, strict=True):
            edge = int(random.integers(8, 25))
            image[:edge, :, 0], mask[:edge] = 250, 1
            image[edge:, :16, 2], mask[edge:, :16] = 250, 2
            mask[edge] = 255
        found |= {f"{part}_images": images, f"{part}_labels": masks}
    about = {
        "dataset": "halves", "task": "segmentation", "classes": 3,
        "class_names": ["ground", "red", "blue"], "maximum": 255, "mean": [0.4] * 3,
        "std": [0.2] * 3, "ignore": 255,
    }  # fmt: skip
    arrays.write_folder(folder, found, about)
    return folder


def run_step(step, params, inputs, folder, *, seed=0, checkpoint=None, progress=None):
    """Run a step of the registry, in a folder of its name, and return the paths of its outputs.

    An input is a path, or paths by seed.
    """
    kinds, folder = STEPS[step].outputs, folder / step
    names = {name: f"{name}{SUFFIX[kind]}" for name, kind in kinds.items()}
    paths = {
        name: path if isinstance(path, dict) else {None: Path(path)}
        for name, path in inputs.items()
    }
    outputs = Outputs(kinds, folder, names)
    telling = progress or Progress(step, StringIO())
    run = Run("shunt", step, seed, Checkpoint(checkpoint), telling)
    module, _, function = STEPS[step].run.partition(":")
    getattr(import_module(module), function)(Inputs(paths), checked(step, params), outputs, run)
    outputs.check_complete()
    return {name: folder / name / file for name, file in names.items()}


def checked(step, params):
    """Validate the parameters of a step."""
    return STEPS[step].params.model_validate(params)


def only(found, **of):
    """Return the one row of the file `found` that has these values."""
    (row,) = (
        row for row in rows.read(found) if all(row[name] == value for name, value in of.items())
    )
    return row
