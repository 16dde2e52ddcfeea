"""A dataset and a way to run a step of the registry; as a program, it trains a small teacher."""

import sys
from importlib import import_module
from io import StringIO
from pathlib import Path

import numpy as np

from harness.formats import arrays
from harness.stage.checkpoint import Checkpoint
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.progress import Progress
from harness.stage.run import Run
from harness.steps import SUFFIX
from reproductions.nonn.steps import STEPS

SMALL = {"image_size": 8, "image_channels": 1, "classes": 4}
TEACHER = {"family": "wrn", "depth": 10, "width": 1, **SMALL}
STUDENT = {"family": "vgg", "depth": 11, "multiplier": 0.04, **SMALL}
TRAINING = {
    "epochs": 4,
    "batch_size": 16,
    "learning_rate": 0.05,
    "schedule": {"step": 2, "gamma": 0.2},
}
AUGMENT = {"pad": 1, "flip": False}


def write_images(folder):
    """Write splits of 49, 24 and 24 images of 8x8 with levels 0 to 16 and return the folder."""
    random = np.random.Generator(np.random.PCG64(5))
    found = {}
    for part, count in (("train", 49), ("validation", 24), ("test", 24)):
        labels = np.arange(count, dtype=np.int64) % 4
        images = random.integers(0, 9, (count, 8, 8, 1)).astype(np.uint8)
        for image, label in zip(images, labels, strict=True):
            top, left = 4 * (label // 2), 4 * (label % 2)
            image[top : top + 4, left : left + 4] += 8
        found |= {f"{part}_images": images, f"{part}_labels": labels}
    about = {"dataset": "quarters", "classes": 4, "maximum": 16, "mean": [0.4], "std": [0.3]}
    arrays.write_folder(folder, found, about)
    return folder


def run_step(
    step, params, inputs, folder, *,
    stage=None, seed=0, checkpoint=None, progress=None, device=None,
):  # fmt: skip
    """Run a step of the registry into `folder` and return the paths of its outputs."""
    kinds = STEPS[step].outputs
    names = {name: f"{name}{SUFFIX[kind]}" for name, kind in kinds.items()}
    paths = {name: {None: Path(path)} for name, path in inputs.items()}
    outputs = Outputs(kinds, folder, names)
    telling = progress or Progress(step, StringIO())
    run = Run("nonn", stage or step, seed, Checkpoint(checkpoint), telling, device)
    module, _, function = STEPS[step].run.partition(":")
    checked = STEPS[step].params.model_validate(params)
    getattr(import_module(module), function)(Inputs(paths), checked, outputs, run)
    outputs.check_complete()
    return {name: folder / name / file for name, file in names.items()}


def train_teacher(images, folder, **how):
    """Train the small teacher into `folder` and return the paths of its outputs."""
    params = {"network": TEACHER, **TRAINING}
    return run_step("train_teacher", params, {"images": images}, folder, **how)


if __name__ == "__main__":
    train_teacher(Path(sys.argv[1]), Path(sys.argv[2]))
