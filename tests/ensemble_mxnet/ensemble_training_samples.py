"""Small ensembles, splits and jobs for the tests of training."""

import json

import numpy as np

from harness.stage.checkpoint import Checkpoint
from harness.stage.progress import Progress
from harness.stage.run import Run
from reproductions.ensemble_kd.data.split import Split
from reproductions.ensemble_kd.params.network import Network
from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.params.teaching import Teaching
from reproductions.ensemble_kd.params.training import Training
from reproductions.ensemble_kd.training.building import build_ensemble, quantised_names
from reproductions.ensemble_kd.training.course import Job
from reproductions.ensemble_kd.training.learner import Learner

NETWORK = Network(width=0.125, classes=3, image_size=8, image_channels=1)
WIDTHS = (32, 4, 1)


def run(path=None, stage="sample"):
    """Return a run whose checkpoint lies at `path`."""
    return Run("ensemble_kd", stage, 0, Checkpoint(path), Progress("sample"))


def split(count=40, seed=0):
    """Return images of three classes that differ in where they are bright."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    images = generator.integers(0, 6, (count, 8, 8, 1)).astype(np.uint8)
    for label in range(3):
        images[labels == label, 2 * label : 2 * label + 3] += 9
    return Split(images, labels.astype(np.int64), 16.0, (0.3,), (0.3,), 3)


def training(**fields):
    """Return a training of two epochs of two batches."""
    return Training(**({"epochs": 2, "batch_size": 16} | fields))


def ensemble(name="ensemble", widths=WIDTHS, how=None, seed=0, **fields):
    """Return an ensemble that learns as `how` says, or a frozen one."""
    asked = fields.pop("quantisation", Quantisation())
    network = build_ensemble(NETWORK, widths, asked, np.random.default_rng(seed))
    names = quantised_names(NETWORK)
    return Learner(name, network, widths, fields.pop("teaching", Teaching()), how,
                   quantised=names, **fields)  # fmt: skip


def job(chain, how=None, name="sample", **fields):
    """Return the job of training `chain`, a function that builds it."""
    fields = {"target_bits": 1} | fields
    return Job(name, chain, split(), split(18, 1), how or training(), **fields)


def same(one, other):
    """Tell whether two mappings of arrays are equal to the bit."""
    return one.keys() == other.keys() and all(
        one[name].tobytes() == other[name].tobytes() for name in one
    )


def text(rows):
    """Return rows as one text, to be compared."""
    return json.dumps(rows)
