"""Quantisers of weights and activations: whole-numbered codes forward, a chosen gradient backward.

A convolution works on codes and is scaled once afterwards, so that the sums of narrow members are
exact in float32 in any order. Gradients are those of the published quantisers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from reproductions.ensemble_kd.params.quantisation import ActivationMethod
from reproductions.ensemble_kd.quantisation.codes import largest_code
from reproductions.ensemble_kd.quantisation.member import Member
from reproductions.ensemble_kd.twin.rounding import round_half_away, straight_through

LEAK = 0.1
"""The slope of `leaky_clip` outside of -1 to 1."""


@dataclass(frozen=True)
class Coded:
    """Quantised numbers: `codes` stand for themselves divided by `levels`."""

    codes: Tensor
    levels: int = 1

    @property
    def values(self) -> Tensor:
        """What the codes stand for."""
        return self.codes / self.levels


def weight_places(weights: Tensor, *, detach_maximum: bool) -> Tensor:
    """Return t / 2m, t = tanh(w) and m its largest magnitude, in float64: DoReFa's costly half.

    It is the same at every width. In float64 the codes are the same whoever computed the tanh. The
    gradient passes m as well, by which all weights are scaled, unless `detach_maximum`.
    """
    return _places(weights.double(), detach_maximum=detach_maximum)


def quantise_weights(weights: Tensor, places: Tensor | None, member: Member) -> Coded:
    """Quantise as `member` does: raw, as signs with gradient 1, or by DoReFa as 2c - L.

    Parameters
    ----------
    places
        The `weight_places` of a member that needs them.
    """
    if member.weights == "identity":
        return Coded(weights)
    if member.weights == "det_sign":
        return Coded(_sign(weights))
    assert places is not None
    return _dorefa(places, member.weight_bits, weights.dtype)


def quantise_activations(
    x: Tensor, method: ActivationMethod, bits: int, alpha: Tensor | None = None
) -> Coded:
    """Quantise activations; `alpha`, (1,), is the learned clip level of PACT.

    Without codes (`identity`, `relu`, `clip`, `leaky_clip`) the answers are no whole numbers.
    """
    if method == "pact":
        assert alpha is not None
        return Coded(_pact(x, bits, alpha))
    if method == "dorefa":
        return _dorefa(_places(x, detach_maximum=False), bits, x.dtype)
    return _round(x, bits) if method == "round" else Coded(_PLAIN[method](x))


def cancel_gradient(x: Tensor, threshold: float) -> Tensor:
    """Return `x`, with no gradient where its absolute value is above `threshold`."""
    return torch.where(x.detach().abs() <= threshold, x, x.detach())


def _signs(x: Tensor) -> Tensor:
    return torch.where(x >= 0, 1.0, -1.0).to(x.dtype)


def _sign(x: Tensor) -> Tensor:
    return straight_through(_signs(x), x)


def _approximate_sign(x: Tensor) -> Tensor:
    """Signs, with the gradient 2 - 2|x| of a parabola on each side of 0."""
    near = x.clamp(-1, 1)
    return straight_through(_signs(x), 2 * near - near * near.abs())


def _round(x: Tensor, bits: int) -> Coded:
    levels = largest_code(bits)
    places = x.clamp(0, 1) * levels
    return Coded(straight_through(round_half_away(places), places), levels)


def _pact(x: Tensor, bits: int, alpha: Tensor) -> Tensor:
    """Cut to 0 to `alpha`, which learns from what is above it and from the rounding below."""
    levels = largest_code(bits)
    places = (x / alpha).clamp(0, 1) * levels
    return alpha * (straight_through(round_half_away(places), places) / levels)


def _places(x: Tensor, *, detach_maximum: bool) -> Tensor:
    squeezed = torch.tanh(x)
    largest = squeezed.abs().max()
    if detach_maximum:
        largest = largest.detach()
    return squeezed / (2 * torch.where(largest > 0, largest, 1.0))


def _dorefa(places: Tensor, bits: int, precision: torch.dtype) -> Coded:
    """Round places between -1/2 and 1/2 to odd numbers 2c - L."""
    levels = largest_code(bits)
    codes = 2 * round_half_away((places.detach() + 0.5) * levels) - levels
    return Coded(straight_through(codes, places * (2 * levels)).to(precision), levels)


def _leaky_clip(x: Tensor) -> Tensor:
    inside = x.clamp(-1, 1)
    return inside + LEAK * (x - inside)


_PLAIN: dict[ActivationMethod, Callable[[Tensor], Tensor]] = {
    "identity": lambda x: x,
    "relu": torch.relu,
    "clip": lambda x: x.clamp(-1, 1),
    "leaky_clip": _leaky_clip,
    "det_sign": _sign,
    "approx_sign": _approximate_sign,
}
"""Quantisers whose answers are their own codes, at one level."""
