"""The embedded digits, divided as the dataset stages divide them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.data import catalogue, package, reading
from harness.data.images import Labelled
from harness.data.split import divide
from harness.data.statistics import moments
from harness.environment import Environments
from harness.errors import HarnessError, UsageError
from harness.formats import arrays
from harness.spec.dataset import Dataset, Package
from harness.stage.planned import PlannedEnvironment

ROOT = Path(__file__).parents[4]
"""The project, whose specs describe the dataset."""

_SPEC = Path("specs", "dataset", "digits.yaml")
_HARNESS = PlannedEnvironment("harness", "environments/harness.txt", "3.11", "bytes")
_HERE = Path()  # where the folder is not given
_FILE = "digits.csv.gz"
_PARTS = ("train", "test")
_ABOUT = ("classes", "maximum", "mean", "std")


@dataclass(frozen=True, eq=False)
class Digits:
    """Images to train and test on, and what is known of them."""

    parts: tuple[Labelled, Labelled]
    maximum: int
    classes: int
    moments: tuple[tuple[float, ...], tuple[float, ...]]


def read(place: Path) -> Digits:
    """Return the digits.

    Parameters
    ----------
    place
        A folder of arrays that a dataset stage has written, which may hold any other dataset; or
        the file ``digits.csv.gz``, or a folder with it. Elsewhere the file of the installed
        scikit-learn is read, of this environment or of the harness's own.

    Raises
    ------
    HarnessError
        They are nowhere, or are not the digits.
    """
    if place != _HERE and (place / arrays.MANIFEST).is_file():
        return _stored(place)
    dataset = catalogue.load(ROOT / _SPEC)
    path = _locate(dataset, place)
    original = reading.read(dataset, {_FILE: path})
    parts = divide(original.train.labels, dataset.split, dataset.records.test)
    train, test = original.train.pick(parts.train), original.train.pick(parts.test)
    mean, std = moments(train.images, dataset.image.maximum)
    return Digits(
        (train, test), dataset.image.maximum, len(dataset.classes), (tuple(mean), tuple(std))
    )


def _stored(folder: Path) -> Digits:
    about, content = arrays.about(folder), arrays.read_folder(folder)
    names = [f"{part}_{kind}" for part in _PARTS for kind in ("images", "labels")]
    missing = [name for name in names if name not in content]
    missing += [f"about.{name}" for name in _ABOUT if name not in about]
    if missing:
        raise UsageError(
            f"--data-path {folder}: it is no dataset of labelled images: {', '.join(missing)} is "
            "missing",
            "give the folder `images` of a dataset stage",
        )
    train, test = (
        Labelled(np.array(content[f"{part}_images"]), np.array(content[f"{part}_labels"], np.int64))
        for part in _PARTS
    )
    return Digits(
        (train, test),
        int(about["maximum"]),
        int(about["classes"]),
        (_floats(about["mean"]), _floats(about["std"])),
    )


def _floats(values: Any) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _locate(dataset: Dataset, place: Path) -> Path:
    for given in (place, place / _FILE):
        if given.is_file():
            return given
    if place != _HERE and not place.exists():
        raise UsageError(f"--data-path {place}: there is no such file or folder")
    assert isinstance(dataset.source, Package)
    try:
        return package.locate(dataset.source)
    except HarnessError:
        return _beside(dataset.source)


def _beside(source: Package) -> Path:
    """Return the package's file in the environment of the harness."""
    environment = Environments(ROOT).folder(_HARNESS)
    folder = environment / "lib" / f"python{_HARNESS.python}" / "site-packages"
    path = folder / source.file
    if not path.is_file():
        raise UsageError(
            f"--dataset digits: {source.distribution}, which brings them, is not installed",
            "run `harness env build harness`, or give a folder of arrays or digits.csv.gz with "
            "--data-path",
        )
    return path
