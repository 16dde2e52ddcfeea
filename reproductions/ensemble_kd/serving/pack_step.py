"""The step that packs an ensemble into one store."""

from __future__ import annotations

from collections.abc import Mapping

from harness.formats.arrays import Array
from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.ensemble_kd.architecture.shapes import member_shapes
from reproductions.ensemble_kd.params.pack import PackParams
from reproductions.ensemble_kd.params.quantisation import FULL
from reproductions.ensemble_kd.quantisation.nested import MASTER
from reproductions.ensemble_kd.serving.store import Store, open_store
from reproductions.ensemble_kd.serving.store import pack as pack_values


def pack(inputs: Inputs, params: PackParams, outputs: Outputs, run: Run) -> None:  # noqa: ARG001 - the contract of a step
    """Step: write the store of an ensemble, and the bytes of each form of it.

    Of several seeds the first is taken.

    Raises
    ------
    HarnessError
        A member cannot be served from a store, or the values are not the ensemble's.
    """
    values = inputs.weights("values", next(iter(inputs.seeds("values")), None))
    tensors = pack_values(
        values, params.network, params.widths, params.quantisation, with_float=params.with_float
    )
    outputs.weights("store", tensors)
    outputs.rows("rows", rows_of(values, open_store(tensors)))


def rows_of(values: Mapping[str, Array], store: Store) -> list[Row]:
    """Return the bytes of each form, and their share of the shared weights in single precision.

    ``shared_float`` the shared values, float32; ``store`` the store as it is, with everything that
    it needs to answer; ``packed`` what one width alone needs, its codes without gaps.
    """
    shared = sum(values[name].nbytes for name in store.description.shared())
    found = [("shared_float", FULL, shared), ("store", MASTER, store.bytes)]
    found += [("packed", bits, _alone(values, store, bits)) for bits in store.served]
    return [
        {"form": form, "bits": bits, "bytes": size, "share": round(size / shared, 6)}
        for form, bits, size in found
    ]


def _alone(values: Mapping[str, Array], store: Store, bits: int) -> int:
    """Return the bytes that the member of `bits` needs."""
    member, about = store.member(bits), store.description
    own = member_shapes(about, member, widest=bits == max(store.widths))
    weights = {one.weight: one.size for one in about.quantised}
    others = sum(values[name].nbytes for name in (*about.shared(), *own) if name not in weights)
    return others + -(-sum(weights.values()) * member.weight_bits // 8)
