"""The step `harness.dataset`: a dataset as plain arrays, with its splits fixed."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from harness.data import package, segmentation
from harness.data.fetch import obtain
from harness.data.images import Labelled, Original
from harness.data.params import DatasetParams, Limit
from harness.data.reading import check_arrays, read
from harness.data.split import Parts, divide, subset
from harness.data.statistics import moments
from harness.errors import HarnessError
from harness.project import Project
from harness.spec.dataset import Dataset, MaskLabels, Package
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run

Array = np.ndarray[Any, Any]


def materialise(inputs: Inputs, params: DatasetParams, outputs: Outputs, run: Run) -> None:  # noqa: ARG001 - the contract of a step
    """Write the dataset's output `images`: six arrays and what is known about them.

    The arrays are ``<part>_images``, uint8 (N, height, width, channels), and ``<part>_labels`` for
    train, validation and test: int64 (N,), or for a dataset with masks uint8 (N, height, width).
    The mean and the deviation are those of the train images divided by `maximum`, by channel.
    """
    dataset = _spec(params)
    paths = locate(dataset, Project.find().downloads, print)
    if isinstance(dataset.labels, MaskLabels):
        _masked(dataset, params, paths, outputs)
    else:
        _classified(dataset, params, paths, outputs)


def _classified(
    dataset: Dataset, params: DatasetParams, paths: Mapping[str, Path], outputs: Outputs
) -> None:
    with _remedied(dataset):
        original = read(dataset, paths)
    parts = divide(original.train.labels, dataset.split, dataset.records.test)
    check_arrays(dataset, digests(arrays(original, parts)))
    parts = _limited(original, parts, params.limit or Limit(), dataset)
    values = arrays(original, parts)
    about = _about(dataset, params, values, parts.digests(), original.sources)
    outputs.arrays("images", values, about)


def _masked(
    dataset: Dataset, params: DatasetParams, paths: Mapping[str, Path], outputs: Outputs
) -> None:
    with _remedied(dataset), segmentation.divided(dataset, paths) as division:
        # Large sets record no arrays: of those, only what is asked for is decoded.
        if dataset.arrays:
            check_arrays(dataset, digests(segmentation.arrays(division, dataset, None)[0]))
        limited = division.limited(params.limit or Limit(), dataset)
        values, read_files = segmentation.arrays(limited, dataset, params.resize)
    sources = {**division.sources, **read_files}
    about = _about(dataset, params, values, limited.digests(), sources)
    outputs.arrays("images", values, about | segmentation.about(dataset, params, values))


@contextmanager
def _remedied(dataset: Dataset) -> Iterator[None]:
    """Say what to do where a reader of files, which knows no spec, has said only what is wrong."""
    try:
        yield
    except HarnessError as error:
        name = dataset.dataset
        other = f", or adopt other archives: harness data adopt {name} PATH"
        remedy = f"correct specs/dataset/{name}.yaml{other if dataset.archives else ''}"
        raise HarnessError(error.message, error.remedy or remedy) from error


def locate(dataset: Dataset, downloads: Path, tell: Callable[[str], None]) -> dict[str, Path]:
    """Return the path of each file of the source by name, fetching what is not here."""
    if isinstance(dataset.source, Package):
        path = package.locate(dataset.source)
        return {path.name: path}
    return obtain(dataset, downloads, tell)


def arrays(original: Original, parts: Parts) -> dict[str, Array]:
    """Return the images and labels of each part under the names of the output."""
    found: dict[str, Array] = {}
    for name, indices in vars(parts).items():
        picked = _whole(original, name).pick(indices)
        found[f"{name}_images"] = picked.images
        found[f"{name}_labels"] = picked.labels
    return found


def digests(values: Mapping[str, Array]) -> dict[str, str]:
    """Return the SHA-256 of each array as a .npy file."""
    return {name: hashlib.sha256(_npy(array)).hexdigest() for name, array in values.items()}


def _npy(array: Array) -> memoryview:
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getbuffer()


def _spec(params: DatasetParams) -> Dataset:
    if params.spec is None:
        raise HarnessError(
            f"the stage's plan lacks the spec of dataset '{params.dataset}'",
            "run: harness compile",
        )
    return params.spec


def _whole(original: Original, part: str) -> Labelled:
    return original.test if part == "test" and original.test is not None else original.train


def _limited(original: Original, parts: Parts, limit: Limit, dataset: Dataset) -> Parts:
    kept = {
        name: subset(_whole(original, name).labels, indices, getattr(limit, name), dataset.split)
        for name, indices in vars(parts).items()
    }
    return Parts(**kept)


def _about(
    dataset: Dataset,
    params: DatasetParams,
    values: Mapping[str, Array],
    indices: Mapping[str, str],
    sources: Mapping[str, str],
) -> dict[str, Any]:
    mean, deviation = moments(values["train_images"], dataset.image.maximum)
    return {
        "dataset": dataset.dataset,
        "title": dataset.title,
        "licence": dataset.licence,
        "homepage": dataset.homepage,
        "classes": len(dataset.classes),
        "class_names": list(dataset.classes),
        "maximum": dataset.image.maximum,
        "mean": mean,
        "std": deviation,
        "sizes": {name: len(values[f"{name}_labels"]) for name in indices},
        "split": {**dataset.split.model_dump(mode="json"), "indices": dict(indices)},
        "limit": params.limit.model_dump(mode="json") if params.limit else None,
        "sources": dict(sources),
    }
