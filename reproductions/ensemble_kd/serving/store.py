"""One store for several widths: 8-bit codes, from which 4, 2 and 1 bit follow exactly.

A store is a set of tensors, kept as one safetensors file:

``record``                    JSON: the network, its quantisation, its widths and which are served;
a quantised weight's name     its 8-bit codes, uint8;
``exceptions<bits>.<name>``   uint32 (n, 2): places whose code of `bits` bits does not follow from
                              that of 8 bits, and their codes; there are nearly never any;
``float.<name>``              the same weight in float32, where members of such weights are served;
every other name              float32, as in the ensemble: what is shared, and each member's own;
``checksums``                 a CRC-32 for each of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from pydantic import ValidationError

from harness.errors import HarnessError
from harness.formats.arrays import Array
from reproductions.ensemble_kd.architecture.description import Description, describe
from reproductions.ensemble_kd.architecture.shapes import ensemble_shapes, member_shapes
from reproductions.ensemble_kd.params.network import Network
from reproductions.ensemble_kd.params.quantisation import FULL, Quantisation
from reproductions.ensemble_kd.quantisation.codes import weight_codes
from reproductions.ensemble_kd.quantisation.member import Member, resolve_all
from reproductions.ensemble_kd.quantisation.nested import MASTER, NESTED, derive, exceptions
from reproductions.ensemble_kd.serving.checksums import check, with_checksums

FORMAT = 1
RECORD = "record"
SERVED = ("identity", "relu", "clip", "leaky_clip", "round", "det_sign", "approx_sign")
"""The activations that the engine computes."""


def pack(
    values: Mapping[str, Array],
    network: Network,
    widths: tuple[int, ...],
    quantisation: Quantisation,
    *,
    with_float: bool = False,
) -> dict[str, Array]:
    """Return the tensors of the store of an ensemble.

    Parameters
    ----------
    values
        All values of the ensemble by canonical name, float32.
    with_float
        Keep the float weights too, and serve the members whose weights are not quantised. Without
        them those members are left out.

    Raises
    ------
    HarnessError
        A member cannot be served from a store, none is left, or the values are not the ensemble's.
    """
    members = resolve_all(widths, quantisation)
    description = describe(network, rebuilt_input=quantisation.rebuilt_input)
    _check_servable(members, quantisation)
    _check_values(values, description, members)
    served = [one for one in members if with_float or one.weight_bits != FULL]
    if not served:
        raise HarnessError(
            "no member has quantised weights, so a store of codes would serve none",
            "pack with 'with_float', or another ensemble",
        )
    quantised = {one.weight for one in description.quantised}
    tensors = {RECORD: _record(network, widths, quantisation, served)}
    for name in description.shared():
        tensors |= (
            _coded(name, values[name], served, with_float=with_float)
            if name in quantised
            else {name: values[name]}
        )
    for member in served:
        widest = member.bits == max(widths)
        own = member_shapes(description, member, widest=widest)
        tensors |= {name: values[name] for name in own}
    return with_checksums(tensors)


def _record(
    network: Network, widths: tuple[int, ...], quantisation: Quantisation, served: list[Member]
) -> Array:
    content = {
        "format": FORMAT,
        "network": network.model_dump(mode="json"),
        "quantisation": quantisation.model_dump(mode="json"),
        "served": [one.bits for one in served],
        "widths": list(widths),
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return np.frombuffer(text.encode(), np.uint8)


def _coded(
    name: str, weights: Array, served: list[Member], *, with_float: bool
) -> dict[str, Array]:
    codes = weight_codes(weights, MASTER)
    found = {name: codes}
    for bits in sorted({one.weight_bits for one in served} - {MASTER, FULL}):
        places = exceptions(weights, bits)
        if len(places):
            right = weight_codes(weights, bits).reshape(-1)[places]
            found[f"exceptions{bits}.{name}"] = np.stack([places, right], axis=1).astype(np.uint32)
    return {**found, f"float.{name}": weights} if with_float else found


def _check_servable(members: tuple[Member, ...], quantisation: Quantisation) -> None:
    for one in members:
        if one.weight_bits not in (*NESTED, FULL):
            raise HarnessError(
                f"the member of {one.bits} bits cannot be packed: its codes do not follow from "
                f"the codes of {MASTER} bits that a store holds",
                "pack an ensemble with widths among 8, 4, 2, 1 and 32 alone",
            )
        if one.activations not in SERVED:
            raise HarnessError(
                f"the member of {one.bits} bits cannot be packed: activations '{one.activations}' "
                "are scaled by the batch or by learned numbers, and the engine has codes alone",
                f"pack an ensemble with activations among {', '.join(SERVED)}",
            )
        if one.offset and quantisation.scaling != "none":
            raise HarnessError(
                f"the member of {one.bits} bits cannot be packed: scaling "
                f"'{quantisation.scaling}' needs the float weights",
                "pack an ensemble with scaling 'none'",
            )


def _check_values(
    values: Mapping[str, Array], description: Description, members: tuple[Member, ...]
) -> None:
    remedy = "give the network, widths and quantisation of the ensemble that was trained"
    for name, shape in ensemble_shapes(description, members).items():
        if name not in values:
            raise HarnessError(f"the values lack '{name}'", remedy)
        found = values[name]
        if found.shape != shape or found.dtype != np.float32:
            raise HarnessError(
                f"'{name}' is {found.dtype} {found.shape}, and should be float32 {shape}", remedy
            )
        if not np.isfinite(found).all():
            raise HarnessError(
                f"'{name}' has numbers that are not finite", "train the ensemble with a lower rate"
            )


@dataclass(frozen=True)
class Store:
    """What an engine reads; `open_store` makes it of tensors."""

    tensors: Mapping[str, Array]
    network: Network
    quantisation: Quantisation
    widths: tuple[int, ...]
    served: tuple[int, ...]

    @cached_property
    def description(self) -> Description:
        """The network."""
        return describe(self.network, rebuilt_input=self.quantisation.rebuilt_input)

    @cached_property
    def members(self) -> dict[int, Member]:
        """The members that are served, by bits."""
        all_members = resolve_all(self.widths, self.quantisation)
        return {one.bits: one for one in all_members if one.bits in self.served}

    @property
    def bytes(self) -> int:
        """Bytes of all tensors."""
        return sum(int(one.nbytes) for one in self.tensors.values())

    def codes(self, name: str, bits: int) -> Array:
        """Return the codes, uint8, of a quantised weight at 8, 4, 2 or 1 bit.

        Raises
        ------
        HarnessError
            There is no such weight or no such width.
        """
        if name not in {one.weight for one in self.description.quantised}:
            raise HarnessError(f"'{name}' is no quantised weight", "name one, as in the ensemble")
        found = derive(_there(self.tensors, name), bits)
        places = self.tensors.get(f"exceptions{bits}.{name}")
        if places is not None:
            found = found.copy()
            found.reshape(-1)[places[:, 0]] = places[:, 1].astype(np.uint8)
        return found

    def weights(self, name: str) -> Array:
        """Return a quantised weight in full precision.

        Raises
        ------
        HarnessError
            The store was packed without.
        """
        return _there(self.tensors, f"float.{name}")

    def floats(self, name: str) -> Array:
        """Return any other value, by its canonical name."""
        return _there(self.tensors, name)

    def member(self, bits: int) -> Member:
        """Return the member of `bits`.

        Raises
        ------
        HarnessError
            The store does not serve it.
        """
        if bits in self.members:
            return self.members[bits]
        served = ", ".join(map(str, self.served))
        left = bits in self.widths
        said = ": it was packed without the float weights that this member needs" if left else ""
        raise HarnessError(
            f"the store does not serve {bits} bits{said}; it serves {served}",
            "pack it with 'with_float'" if left else "ask for one of its widths",
        )


def open_store(tensors: Mapping[str, Array], source: str = "the store") -> Store:
    """Check every tensor and return the store.

    Raises
    ------
    HarnessError
        A tensor has changed since it was packed, by whatever little, or is missing; it is named.
    """
    check(tensors, source)
    about = _about(tensors, source)
    try:
        network = Network.model_validate(about["network"])
        quantisation = Quantisation.model_validate(about["quantisation"])
        widths, served = (tuple(int(one) for one in about[key]) for key in ("widths", "served"))
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        raise _strange(source) from error
    return Store(tensors, network, quantisation, widths, served)


def _about(tensors: Mapping[str, Array], source: str) -> dict[str, Any]:
    try:
        about = json.loads(tensors[RECORD].tobytes())
    except (KeyError, ValueError) as error:
        raise _strange(source) from error
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise _strange(source)
    return about


def _strange(source: str) -> HarnessError:
    return HarnessError(
        f"{source}: its record is not that of a packed ensemble of format {FORMAT}",
        "pack the ensemble anew",
    )


def _there(tensors: Mapping[str, Array], name: str) -> Array:
    if name not in tensors:
        raise HarnessError(f"the store has no tensor '{name}'", "pack the ensemble anew")
    return tensors[name]
