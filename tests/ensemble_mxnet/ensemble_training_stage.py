"""A tiny dataset and the training steps on it; as a program, the bytes of an ensemble's training.

``ensemble_training_stage.py FOLDER`` trains in FOLDER and prints the digests of all outputs.
"""

import sys
from hashlib import sha256
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
from reproductions.ensemble_kd.steps import STEPS

NETWORK = {"width": 0.125, "classes": 3, "image_size": 8, "image_channels": 1}
TRAINING = {"epochs": 1, "batch_size": 16, "network": NETWORK, "widths": (32, 4, 1)}
FROZEN = {"mode": "frozen", "network": {"kind": "resnet_e1", "width": 0.125}}


def write_images(folder, classes=3):
    """Write splits of images of 8x8 that differ in where they are bright; return the folder."""
    random, found = np.random.default_rng(5), {}
    for part, count in (("train", 40), ("validation", 18), ("test", 21)):
        labels = np.arange(count, dtype=np.int64) % 3
        images = random.integers(0, 6, (count, 8, 8, 1)).astype(np.uint8)
        for image, label in zip(images, labels, strict=True):
            image[2 * label : 2 * label + 3] += 11
        found |= {f"{part}_images": images, f"{part}_labels": labels}
    about = {"dataset": "stripes", "classes": classes, "maximum": 16, "mean": [0.3], "std": [0.3]}
    arrays.write_folder(folder, found, about)
    return folder


def run_step(step, params, inputs, folder, checkpoint=None):
    """Run a step of the registry in `folder`; return the paths of its outputs."""
    declared = STEPS[step]
    module, _, function = declared.run.partition(":")
    staging = folder / step
    names = {name: name + SUFFIX[kind] for name, kind in declared.outputs.items()}
    outputs = Outputs(declared.outputs, staging, names)
    run = Run("ensemble_kd", step, 0, Checkpoint(checkpoint), Progress(step, StringIO()))
    paths = Inputs({name: {None: path} for name, path in inputs.items()})
    getattr(import_module(module), function)(
        paths, declared.params.model_validate(params), outputs, run
    )
    outputs.check_complete()
    return {name: staging / name / named for name, named in names.items()}


def trained(folder):
    """Train an ensemble with a teacher along in `folder`; return its outputs' digests."""
    images = write_images(folder / "images")
    along = FROZEN | {"mode": "along", "training": {"optimiser": "sgd", "learning_rate": 0.1}}
    params = TRAINING | {
        "teaching": {"mode": "progressive"}, "teacher": along, "augment": {"pad": 1},
    }  # fmt: skip
    found = run_step("train_ensemble", params, {"images": images}, folder)
    return {name: sha256(path.read_bytes()).hexdigest() for name, path in sorted(found.items())}


if __name__ == "__main__":
    print(trained(Path(sys.argv[1])))
