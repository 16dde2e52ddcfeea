"""Networks exported in every precision, each held against the Keras model that it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from harness.errors import HarnessError
from harness.formats.arrays import Array
from harness.formats.rows import Row
from reproductions.shunt.evaluation import answering
from reproductions.shunt.export.conversion import to_litert
from reproductions.shunt.export.litert import Litert
from reproductions.shunt.params.export import Export, Precision

Score = Callable[[Array], float]
"""From the classes of all images, (N,) or (N, H, W), to percent: accuracy or mean IoU."""

_AT_ONCE = 32


@dataclass(frozen=True)
class Exported:
    """Flatbuffers as arrays (bytes,) uint8 by ``<network>-<precision>``, and one row for each."""

    arrays: dict[str, Array]
    rows: list[Row]


@dataclass(frozen=True)
class Likeness:
    """How near an exported network is to its Keras model.

    Parameters
    ----------
    difference
        The largest between two outputs; NaN when one of them is.
    agreement
        Percent of images, or pixels, that get the same class.
    score
        Of the exported network's classes, percent.
    """

    difference: float
    agreement: float
    score: float


def export_all(
    models: Mapping[str, keras.Model], calibration: Array, images: Array, score: Score, how: Export
) -> Exported:
    """Export every model in every precision.

    Parameters
    ----------
    models
        By name; class probabilities (N, classes) or (N, H, W, classes) come out.
    calibration
        Images of the training split for int8, as the models take them, (N, H, W, C) float32.
    images
        Those of another split, on which both are compared.

    Raises
    ------
    HarnessError
        A model cannot be exported, or differs in float32 by more than `how.tolerance`.
    """
    arrays: dict[str, Array] = {}
    rows: list[Row] = []
    for network, model in models.items():
        wanted = outputs_of(model, images)
        for precision in how.precisions:
            content = to_litert(model, precision, calibration, how.ends)
            found = likeness(wanted, Litert(content), images, score)
            if precision == "float32":
                _check(network, found.difference, how.tolerance)
            arrays[f"{network}-{precision}"] = np.frombuffer(content, np.uint8)
            rows.append(_row(network, precision, len(content), found))
    return Exported(arrays, rows)


def outputs_of(model: keras.Model, images: Array) -> Array:
    """Return what `model` gives for `images` (N, H, W, C) float32: (N, ...)."""
    answer = answering(model)
    return np.concatenate([np.asarray(answer(tf.constant(some))) for some in _portions(images)])


def likeness(wanted: Array, exported: Litert, images: Array, score: Score) -> Likeness:
    """Return how near `exported` on `images` (N, H, W, C) float32 is to `wanted` (N, ...)."""
    found = exported(images)
    classes = found.argmax(axis=-1)
    agreement = 100 * float((classes == wanted.argmax(axis=-1)).mean())
    return Likeness(float(np.abs(found - wanted).max()), agreement, score(classes))


def representative(available: int, count: int, generator: np.random.Generator) -> Array:
    """Return the positions, ascending, of up to `count` of `available` images; each once."""
    chosen = generator.permutation(available)[:count]
    return np.sort(chosen)


def _portions(images: Array) -> Iterator[Array]:
    for start in range(0, len(images), _AT_ONCE):
        yield images[start : start + _AT_ONCE]


def _check(network: str, difference: float, tolerance: float) -> None:
    if not difference <= tolerance:  # NaN is not
        raise HarnessError(
            f"'{network}' in LiteRT differs from Keras by {difference:.3g}, "
            f"and {tolerance:g} is allowed",
            "look for NaN in its weights, and for a layer that acts otherwise in training",
        )


def _row(network: str, precision: Precision, size: int, found: Likeness) -> Row:
    return {
        "network": network,
        "precision": precision,
        "bytes": size,
        "difference": found.difference,
        "agreement": found.agreement,
        "score": found.score,
    }
