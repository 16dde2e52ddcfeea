"""The step that exports a network, each of its blocks and each shape of shunt, to be timed alone.

Times do not depend on weights, so these are drawn and not trained: what is exported follows from
the network's description and the stage's seed, on any machine.
"""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np

from harness.formats.arrays import Array
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.shunt.architecture import describe
from reproductions.shunt.determinism import settle
from reproductions.shunt.export.conversion import to_litert
from reproductions.shunt.models import build
from reproductions.shunt.params.export import Precision
from reproductions.shunt.params.latency import PartsParams
from reproductions.shunt.parts import block_parts, shunts_by_part
from reproductions.shunt.search.latencies import WHOLE
from reproductions.shunt.shunts import build_shunt
from reproductions.shunt.surgery.blocks import block, blocks
from reproductions.shunt.surgery.region import region

_CALIBRATION = 4


def export_parts(
    inputs: Inputs,  # noqa: ARG001 - the contract of a step
    params: PartsParams,
    outputs: Outputs,
    run: Run,
) -> None:
    """Step: write the flatbuffers of all parts, by the names of their series.

    Raises
    ------
    HarnessError
        A part cannot be exported.
    """
    settle()
    shunts = shunts_by_part(describe(params.network), params.shunts)
    total = 1 + len(block_parts(describe(params.network))) + len(shunts)
    exported = {}
    for name, model in parts(params, run.seed("initial")):
        generator = run.generator("calibration", name)
        exported[name] = exported_part(model, params.precision, generator)
        run.progress(len(exported), total, name)
    outputs.arrays("exported", exported, {"precision": params.precision})


def exported_part(
    model: keras.Model, precision: Precision, generator: np.random.Generator
) -> Array:
    """Return the flatbuffer of one part, (bytes,) uint8; int8 gets its ranges from drawn maps."""
    shape = (_CALIBRATION, *model.inputs[0].shape[1:])
    maps = generator.standard_normal(shape, np.float32)
    return np.frombuffer(to_litert(model, precision, maps), np.uint8)


def parts(params: PartsParams, seed: int) -> Iterator[tuple[str, keras.Model]]:
    """Yield the whole network, each block and each shape of shunt, by the names of their series.

    Weights are drawn from `seed`.
    """
    network = describe(params.network)
    whole = build(params.network, seed)
    yield WHOLE, whole
    found = blocks(whole)
    for name, ordinal in block_parts(network).items():
        one = block(found, ordinal)
        yield name, keras.Model(one.entry, one.exit, name=one.name)
    for name, places in shunts_by_part(network, params.shunts).items():
        window, shunt = places[0]
        yield name, build_shunt(region(whole, window), shunt, seed)
