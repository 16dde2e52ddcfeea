"""The step that shows what networks make of some scenes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.shunt.data.split import read_split
from reproductions.shunt.determinism import settle
from reproductions.shunt.evaluation import predictions
from reproductions.shunt.finals import read_final
from reproductions.shunt.params.examples import ExamplesParams
from reproductions.shunt.stored import read_network, read_systems

_AT_ONCE = 8


def segment_examples(inputs: Inputs, params: ExamplesParams, outputs: Outputs, run: Run) -> None:  # noqa: ARG001 - the contract of a step
    """Step: segment the first test images with the original network and a final one.

    `examples` has the images, the truth and both answers, (N, H, W).
    """
    settle()
    whole = read_split(inputs, "test", params.network)
    first = slice(params.images)
    test = replace(whole, images=whole.images[first], labels=whole.labels[first])
    original = read_network(inputs, "original", params.network)
    systems = {system.name: system for system in read_systems(inputs, params)}
    system = systems[params.final.system]
    final = read_final(inputs, "finals", original, params.network, params.final, system)
    found = {
        "images": test.images,
        "truth": test.labels,
        "original": predictions(original, test, _AT_ONCE).astype(np.uint8),
        "final": predictions(final, test, _AT_ONCE).astype(np.uint8),
    }
    about = inputs.about("images")
    outputs.arrays(
        "examples", found, {"class_names": about["class_names"], "ignore": about["ignore"]}
    )
