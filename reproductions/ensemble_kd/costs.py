"""What networks and ensembles cost: numbers, bytes in each form of storing them, multiply-adds.

Everything is counted on descriptions. The forms:

``float``           the network alone, in single precision;
``packed``          the network alone, its quantised weights with the member's bits each;
``separate``        as many networks as the ensemble has members, in single precision;
``shared``          one set of shared numbers and a normalisation of each member's;
``store``           the same with 8-bit codes for the quantised weights; 1, 2 and 4 bits are
                    derived from them, while a member of 32 bits is not served by them;
``published_save``  the file of Gluon's `save_parameters`, which has shared weights once a member;
``saved_once``      the file of `save_parameters(deduplicate=True)`.

Running statistics are in all bytes, since no network answers without them. The two files have
headers and names too, counted for the names that we give; published names differ in length.

Multiply-adds are for one image. Those of quantised convolutions are told in binary ones, of which
b-bit codes times b-bit codes take b^2, bit by bit; BMXNet reckons 64 of them as one operation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.ensemble_kd.architecture.counts import (
    FLOAT,
    Counts,
    Macs,
    count,
    count_macs,
    packed_bytes,
)
from reproductions.ensemble_kd.architecture.description import Description, describe
from reproductions.ensemble_kd.architecture.layer import Shape
from reproductions.ensemble_kd.params.costs import Costed, CostsParams
from reproductions.ensemble_kd.params.quantisation import FULL
from reproductions.ensemble_kd.quantisation.nested import MASTER

MEGA = 1_000_000

_WORD = 64
"""Binary multiply-adds of one word, which BMXNet reckons as one operation."""

_FILE = 8 * 4
"""Bytes of a file of MXNet's besides arrays and names: a mark, a reserve, and two counts."""
_ARRAY = 4 * 6
"""Bytes of an array's header besides its sizes, of which each has 8."""


@dataclass(frozen=True)
class Form:
    """One way of storing networks.

    Parameters
    ----------
    bits
        Of a stored quantised weight.
    sets
        How often the shared numbers are stored.
    members
        How many networks it answers as.
    """

    name: str
    bits: int
    sets: int
    members: int
    size: int


def forms(description: Description, widths: tuple[int, ...]) -> list[Form]:
    """Return the forms of a network and of its ensemble with members of `widths`."""
    counts, members = count(description), len(widths)
    alone = packed_bytes(counts, FULL)
    packed = [
        Form("packed", bits, 1, 1, packed_bytes(counts, bits)) for bits in widths if bits != FULL
    ]
    once = ensemble_arrays(description, widths)
    again = {f"{bits}.{name}": shape for bits in widths for name, shape in _shared(description)}
    private = {name: shape for name, shape in once.items() if name not in description.shared()}
    return [
        Form("float", FULL, 1, 1, alone),
        *packed,
        Form("separate", FULL, members, members, members * alone),
        Form("shared", FULL, 1, members, packed_bytes(counts, FULL, members)),
        Form("store", MASTER, 1, members, packed_bytes(counts, MASTER, members)),
        Form("published_save", FULL, members, members, file_bytes({**again, **private})),
        Form("saved_once", FULL, 1, members, file_bytes(once)),
    ]


def ensemble_arrays(description: Description, widths: tuple[int, ...]) -> dict[str, Shape]:
    """Return the shapes of the values of an ensemble that has no learned clip levels."""
    arrays = description.shared()
    for bits in widths:
        arrays.update(description.private(bits, widest=bits == max(widths)))
    return arrays


def file_bytes(arrays: Mapping[str, Shape]) -> int:
    """Return the size of the ``.params`` file of float32 arrays with these names and shapes."""
    return _FILE + sum(
        _ARRAY + 8 * len(shape) + FLOAT * prod(shape) + 8 + len(name.encode())
        for name, shape in arrays.items()
    )


def rows_of(params: CostsParams) -> list[Row]:
    """Return one row for each network and each form of it, in their order."""
    return [row for entry in params.networks for row in _rows(entry)]


def _rows(entry: Costed) -> list[Row]:
    description = describe(entry.network)
    counts, macs = count(description), count_macs(description)
    dense = description.features * description.classes
    return [
        _row(entry.name, form, counts, macs, dense)
        for form in forms(description, tuple(entry.widths))
    ]


def _row(network: str, form: Form, counts: Counts, macs: Macs, dense: int) -> Row:
    parameters = form.sets * counts.shared + form.members * counts.learned
    return {
        "network": network,
        "form": form.name,
        "bits": form.bits,
        "members": form.members,
        "parameters": parameters,
        "parameters_with_statistics": parameters + form.members * counts.statistics,
        "member_adds": counts.private,
        "quantised_weights": form.sets * counts.quantised,
        "bytes": form.size,
        "learned_megabytes": _learned_megabytes(form, counts),
        "megabytes": form.size / MEGA,
        # Of as many networks of their own in single precision.
        "ratio": form.size / (form.members * packed_bytes(counts, FULL)),
        **_operations(form, macs),
        "operations": _reckoned(form, macs, dense),
    }


def _learned_megabytes(form: Form, counts: Counts) -> float | None:
    """Size without running statistics, as BMXNet's wiki counts them; none of a file's."""
    if form.name in {"published_save", "saved_once"}:
        return None
    return (form.size - FLOAT * form.members * counts.statistics) / MEGA


def _reckoned(form: Form, macs: Macs, dense: int) -> int | None:
    """Operations as BMXNet's wiki counts them: 64 binary ones as one, the dense layer left out."""
    if form.name == "float":
        return macs.full + macs.quantised - dense
    if form.name == "packed" and form.bits == 1:
        return macs.full - dense + round(macs.quantised / _WORD)
    return None


def _operations(form: Form, macs: Macs) -> Row:
    """The multiply-adds for one image, of the forms that are one network."""
    if form.name not in {"float", "packed"}:
        return {"float_macs": None, "binary_macs": None}
    if form.bits == FULL:
        return {"float_macs": macs.full + macs.quantised, "binary_macs": 0}
    return {"float_macs": macs.full, "binary_macs": form.bits**2 * macs.quantised}


def _shared(description: Description) -> list[tuple[str, Shape]]:
    return list(description.shared().items())


def count_costs(inputs: Inputs, params: CostsParams, outputs: Outputs, run: Run) -> None:  # noqa: ARG001 - the contract of a step
    """Step: count what networks and ensembles cost in each form of storing them."""
    outputs.rows("rows", rows_of(params))
