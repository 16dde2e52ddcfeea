"""A network, each of its blocks and each shape of shunt as flatbuffers, to be timed alone.

Times do not depend on weights, so these are drawn and not trained: what is exported follows from
the network's description and a seed, on any machine.
"""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np

from harness.stage.run import Run
from reproductions.shunt.architecture import describe
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


def exported_parts(params: PartsParams, run: Run) -> Iterator[tuple[str, bytes]]:
    """Yield the flatbuffers of all parts, by the names of their series.

    Raises
    ------
    HarnessError
        A part cannot be exported.
    """
    network = describe(params.network)
    total = 1 + len(block_parts(network)) + len(shunts_by_part(network, params.shunts))
    for done, (name, model) in enumerate(parts(params, run.seed("initial")), start=1):
        yield name, exported_part(model, params.precision, run.generator("calibration", name))
        run.progress(done, total, name)


def exported_part(
    model: keras.Model, precision: Precision, generator: np.random.Generator
) -> bytes:
    """Return the flatbuffer of one part; int8 gets its ranges from drawn maps."""
    shape = (_CALIBRATION, *model.inputs[0].shape[1:])
    return to_litert(model, precision, generator.standard_normal(shape, np.float32))


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
