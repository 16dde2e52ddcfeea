"""The step that holds the packed engine's answers against those of MXNet."""

from __future__ import annotations

import numpy as np
from mxnet import nd

from harness.errors import HarnessError
from harness.formats.arrays import Array
from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.ensemble_kd.architecture.description import describe
from reproductions.ensemble_kd.architecture.shapes import ensemble_shapes
from reproductions.ensemble_kd.data.split import read_split
from reproductions.ensemble_kd.gluon.determinism import settle
from reproductions.ensemble_kd.gluon.ensemble import Ensemble
from reproductions.ensemble_kd.gluon.parameters import check
from reproductions.ensemble_kd.gluon.quantisers import Precision
from reproductions.ensemble_kd.params.serve import ServeParams
from reproductions.ensemble_kd.quantisation.member import resolve_all
from reproductions.ensemble_kd.serving.engine import Engine
from reproductions.ensemble_kd.serving.store import Store, open_store

_TOGETHER = 256  # Images that are answered at once.


def serve(inputs: Inputs, params: ServeParams, outputs: Outputs, run: Run) -> None:
    """Answer the test images by every width, in MXNet and from the store, and compare.

    The output `answers` has MXNet's logits (N, classes) as ``bits8`` and so on, those that it
    computed in double precision and rounded to single as ``bits8_double``, and as ``images`` the
    normalised images (N, C, H, W) that gave them. A width that the store does not serve has no
    numbers of the engine. Of several seeds the first is taken.

    Raises
    ------
    HarnessError
        The images, the values or the store are not of the ensemble that the parameters describe.
    """
    settle(run.seed("framework"))
    test = read_split(inputs, "test", params.network)
    images = np.concatenate([batch.inputs for batch in test.batches(_TOGETHER)])
    answers = _answers(_ensemble(inputs, params, "float32"), images)
    doubled = _answers(_ensemble(inputs, params, "float64"), images.astype(np.float64))
    engine = Engine(_store(inputs, params))
    rows: list[Row] = []
    for done, (bits, logits) in enumerate(answers.items(), 1):
        packed = _packed(engine, bits, images) if bits in engine.widths else None
        rows.append({"bits": bits, **compare(logits, packed, test.labels)})
        run.progress(done, len(answers), f"{bits} bits")
    outputs.rows("rows", rows)
    named = {f"bits{bits}": logits for bits, logits in answers.items()}
    named |= {f"bits{bits}_double": logits.astype(np.float32) for bits, logits in doubled.items()}
    outputs.arrays("answers", {**named, "images": images})


def compare(logits: Array, packed: Array | None, labels: Array) -> Row:
    """Return how right both are, how often they agree (percent), and how far they are apart.

    Parameters
    ----------
    logits, packed
        MXNet's and the engine's, (N, classes); None where the engine does not serve the width.
    labels
        Classes, (N,).
    """
    row: Row = {
        "accuracy_float": _share(logits.argmax(1) == labels),
        "accuracy_packed": None,
        "same_class": None,
        "largest_difference": None,
    }
    if packed is None:
        return row
    return row | {
        "accuracy_packed": _share(packed.argmax(1) == labels),
        "same_class": _share(packed.argmax(1) == logits.argmax(1)),
        "largest_difference": float(np.abs(packed.astype(np.float64) - logits).max()),
    }


def _share(right: Array) -> float:
    return 100 * int(np.count_nonzero(right)) / len(right)


def _ensemble(inputs: Inputs, params: ServeParams, precision: Precision) -> Ensemble:
    seed = _first(inputs, "values")
    members = resolve_all(params.widths, params.quantisation)
    description = describe(params.network, rebuilt_input=params.quantisation.rebuilt_input)
    values = inputs.weights("values", seed)
    check(ensemble_shapes(description, members), values, f"{inputs.path('values', seed)}")
    return Ensemble(description, members, params.quantisation, values, precision)


def _store(inputs: Inputs, params: ServeParams) -> Store:
    seed = _first(inputs, "store")
    path = inputs.path("store", seed)
    store = open_store(inputs.weights("store", seed), str(path))
    of_store = (store.network, store.widths, store.quantisation)
    wanted = (params.network, params.widths, params.quantisation)
    names = ("network", "widths", "quantisation")
    strange = [
        name for name, one, other in zip(names, of_store, wanted, strict=True) if one != other
    ]
    if strange:
        raise HarnessError(
            f"the store {path} was packed with another {strange[0]} than this stage is told",
            f"give the stages that pack and serve the same {strange[0]}",
        )
    return store


def _first(inputs: Inputs, name: str) -> int | None:
    return next(iter(inputs.seeds(name)), None)


def _answers(ensemble: Ensemble, images: Array) -> dict[int, Array]:
    """Return by width the logits (N, classes) of MXNet, compiled, in the type of `images`."""
    ensemble.hybridize()
    parts = [ensemble(nd.array(part, dtype=part.dtype)).asnumpy() for part in _parts(images)]
    logits = np.concatenate(parts, 1)
    return {member.bits: logits[place] for place, member in enumerate(ensemble.members)}


def _packed(engine: Engine, bits: int, images: Array) -> Array:
    return np.concatenate([engine.answer(part, bits) for part in _parts(images)])


def _parts(images: Array) -> list[Array]:
    return [images[start : start + _TOGETHER] for start in range(0, len(images), _TOGETHER)]
