"""The layers of one member, ready to be computed: weights packed, normalisation folded into them.

Maps are float32 (batch, height, width, channels).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from harness.errors import HarnessError
from harness.formats.arrays import Array
from reproductions.ensemble_kd.architecture.description import private_name
from reproductions.ensemble_kd.architecture.layer import Convolution, Normalisation
from reproductions.ensemble_kd.params.quantisation import FULL, ActivationMethod
from reproductions.ensemble_kd.quantisation.codes import activation_codes, largest_code, signs
from reproductions.ensemble_kd.quantisation.member import Member
from reproductions.ensemble_kd.serving.convolution import PackedConvolution
from reproductions.ensemble_kd.serving.floating import FloatConvolution
from reproductions.ensemble_kd.serving.geometry import Geometry
from reproductions.ensemble_kd.serving.store import Store

_SIGNS = ("det_sign", "approx_sign")
_LEAK = np.float32(0.1)
Layer = Callable[[Array, Array | None], Array]
"""From a map, and what is added to the answer, to a map."""


@dataclass(frozen=True)
class Backends:
    """What computes codes, and what numbers in full precision."""

    codes: str
    floats: str


@dataclass(frozen=True)
class Affine:
    """A normalisation by running statistics: `scale` * x + `shift`, float64 (channels,)."""

    scale: Array
    shift: Array

    def after(self, divisor: float, added: float = 0.0) -> Affine:
        """Return the one that takes s where this one takes s / `divisor` + `added`."""
        return Affine(self.scale / divisor, self.shift + self.scale * added)

    @property
    def singles(self) -> tuple[Array, Array]:
        """Both in float32."""
        return self.scale.astype(np.float32), self.shift.astype(np.float32)

    def __call__(self, images: Array) -> Array:
        """Return the normalised map."""
        scale, shift = self.singles
        normalised: Array = images * scale
        normalised += shift
        return normalised


def normalisation(store: Store, bits: int, layer: Normalisation) -> Affine:
    """Return the normalisation of a member as one multiplication and one addition."""
    own = {
        name.rpartition(".")[2]: store.floats(private_name(bits, name)).astype(np.float64)
        for name in layer.names
    }
    scale = own.get("gamma", 1.0) / np.sqrt(own["variance"] + layer.epsilon)
    return Affine(scale, own["beta"] - own["mean"] * scale)


def full_precision(
    store: Store, layer: Convolution, affine: Affine | None, backends: Backends
) -> Layer:
    """Return a convolution that is never quantised, with the normalisation after it."""
    convolution = FloatConvolution(
        store.floats(layer.weight),
        layer.stride,
        layer.padding,
        layer.groups,
        backend=backends.floats,
    )
    scale, shift = affine.singles if affine else (None, None)
    return lambda images, added: convolution(images, scale, shift, added)


def quantised(
    store: Store, layer: Convolution, member: Member, affine: Affine, backends: Backends, bits: int
) -> Layer:
    """Return a quantised convolution of `member` with the normalisation after it.

    Parameters
    ----------
    bits
        Of its codes; the member's own, or others for this layer alone.
    """
    if member.weight_bits == FULL:
        return _weights_in_full(store, layer, member, affine, backends)
    own = member if bits == member.bits else _other(member, bits)
    divisor = float(largest_code(own.activation_bits) * largest_code(own.weight_bits))
    return _of_codes(store, layer, own, _scaled(affine, layer, member, divisor), backends)


def _scaled(affine: Affine, layer: Convolution, member: Member, divisor: float) -> Affine:
    """Return the normalisation of sums of codes; (h + n) / 2 is normalised at one bit."""
    if member.offset:
        return affine.after(2 * divisor, layer.fan_in / 2)
    return affine.after(divisor)


def _other(member: Member, bits: int) -> Member:
    if member.activations != "round":
        raise HarnessError(
            f"no layer of the member of {member.bits} bits can have other widths: its activations "
            f"are '{member.activations}', not 'round'",
            "mix widths in a member with activations 'round'",
        )
    return replace(member, bits=bits, weight_bits=bits, activation_bits=bits)


def _of_codes(
    store: Store, layer: Convolution, member: Member, affine: Affine, backends: Backends
) -> Layer:
    codes = store.codes(layer.weight, member.weight_bits)
    geometry = Geometry(
        layer.in_channels // layer.groups, layer.out_channels // layer.groups,
        layer.kernel, layer.stride, layer.padding, member.activation_bits, member.weight_bits,
        sign=member.activations in _SIGNS, minus_one=store.quantisation.padding == "minus_one",
    )  # fmt: skip
    parts = [
        PackedConvolution(geometry, part, backends.codes) for part in np.split(codes, layer.groups)
    ]
    scale, shift = affine.singles
    if len(parts) == 1:
        return lambda images, added: parts[0](images, scale, shift, added)
    scales, shifts = np.split(scale, layer.groups), np.split(shift, layer.groups)

    def grouped(images: Array, added: Array | None) -> Array:
        maps = np.split(images, layer.groups, axis=3)
        found = [part(*one) for part, one in zip(parts, zip(maps, scales, shifts, strict=True),
                                                 strict=True)]  # fmt: skip
        answer: Array = np.concatenate(found, axis=3)
        return answer if added is None else answer + added

    return grouped


def _weights_in_full(
    store: Store, layer: Convolution, member: Member, affine: Affine, backends: Backends
) -> Layer:
    """Weights as they are; activations of the member's width, as codes that are scaled after."""
    divisor = 1.0
    if member.activations == "round":
        divisor = float(largest_code(member.activation_bits))
    border = -divisor if store.quantisation.padding == "minus_one" else 0.0
    convolution = FloatConvolution(
        store.weights(layer.weight),
        layer.stride,
        layer.padding,
        layer.groups,
        border,
        backends.floats,
    )
    scale, shift = _scaled(affine, layer, member, divisor).singles

    def convolved(images: Array, added: Array | None) -> Array:
        active = activate(images, member.activations, member.activation_bits)
        return convolution(active, scale, shift, added)

    return convolved


def activate(images: Array, method: ActivationMethod, bits: int) -> Array:
    """Return float32 activations; those of `round` as codes."""
    if method == "round":
        return activation_codes(images, bits).astype(np.float32)
    if method in _SIGNS:
        return signs(images)
    if method == "relu":
        return np.maximum(images, np.float32(0))
    if method == "identity":
        return images
    inside = np.clip(images, np.float32(-1), np.float32(1))
    return inside if method == "clip" else inside + _LEAK * (images - inside)
