"""The step that exports the original network and final ones to LiteRT."""

from __future__ import annotations

from functools import partial
from typing import Any

import keras
import numpy as np

from harness.formats.arrays import Array
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.shunt.data.split import Split
from reproductions.shunt.determinism import settle
from reproductions.shunt.evaluation import quality_of
from reproductions.shunt.export.comparison import export_all, representative
from reproductions.shunt.finals import read_final
from reproductions.shunt.original import read_splits
from reproductions.shunt.params.costs import ORIGINAL
from reproductions.shunt.params.distillation import label_of
from reproductions.shunt.params.exports import ExportsParams
from reproductions.shunt.stored import read_network, read_systems

_AT_ONCE = 64


def export(inputs: Inputs, params: ExportsParams, outputs: Outputs, run: Run) -> None:
    """Step: export networks in every precision, and hold each against Keras on the test images.

    `exported` has the flatbuffers, `rows` a row for each.
    """
    settle()
    images, _, test = read_splits(inputs, params.network)
    original = read_network(inputs, "original", params.network)
    systems = {system.name: system for system in read_systems(inputs, params)}
    models: dict[str, keras.Model] = {ORIGINAL: original}
    for final in params.finals:
        name = f"{final.system}-{label_of(final.distillation)}"
        system = systems[final.system]
        models[name] = read_final(inputs, "finals", original, params.network, final, system)
    chosen = representative(len(images), params.calibration, run.generator("calibration"))
    found = export_all(
        models, _inputs(images)[chosen], _inputs(test), partial(quality_of, test), params
    )
    outputs.arrays("exported", found.arrays)
    outputs.rows("rows", found.rows)


def _inputs(split: Split) -> Array:
    """Return all images of `split` as networks take them, (N, H, W, C) float32."""
    batches: list[Any] = [images for images, _ in split.batches(_AT_ONCE)]
    return np.concatenate([np.asarray(images) for images in batches])
