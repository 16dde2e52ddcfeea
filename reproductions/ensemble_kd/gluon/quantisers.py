"""Quantisers as straight-through operations, for arrays and symbols of MXNet alike.

Every function takes `f`, which is mxnet.nd or mxnet.sym. Quantised values stay whole or half
codes, and what they are divided by is told beside them (`Coded`): sums of codes up to 4 bits are
exact in float32 in any order, so that every implementation agrees on them to the bit.

MXNet's own `clip`, `round` and `sign` take five times as long as its arithmetic; a step of five
members spent a third of its time in them. What stands here in their place gives equal values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from reproductions.ensemble_kd.params.quantisation import ActivationMethod
from reproductions.ensemble_kd.quantisation.member import Member

Precision = Literal["float32", "float64"]
"""Of all numbers of a network, but for the places of weights, which are float64."""

LEAK = 0.1
"""Slope of `leaky_clip` outside of -1 to 1."""

_LEAST = 1e-300  # In place of a largest weight of nothing; every float32's tanh is above it.
# The number below 1/2: with 1/2 itself that number would be rounded up.
_HALF: dict[Precision, float] = {"float32": 0.5 - 2**-25, "float64": 0.5 - 2**-54}
# A float64 of this size has no digit behind the point: adding it rounds, halves to even.
_WHOLE = 1.5 * 2**52
# The float64 above 1/2, so that a weight of 0, the one half that occurs, is rounded up.
_MIDDLE = 0.5 + 2**-53


class Coded(NamedTuple):
    """Values in the domain of codes, and the number that brings them back by division."""

    codes: Any
    divisor: float


def highest(bits: int) -> int:
    """Return the largest code of `bits` bits, 2^bits - 1."""
    return int(2**bits - 1)


def straight_through(f: Any, values: Any, path: Any) -> Any:
    """Return exactly `values`, with the gradient of `path` (same shape)."""
    return f.BlockGrad(values) + (path - f.BlockGrad(path))


def clip(f: Any, x: Any, low: float = -1, high: float = 1) -> Any:
    """Return x cut to `low` to `high`, with gradient 1 there, ends included, else 0."""
    return f.minimum(f.maximum(x, low), high)


def cancel(f: Any, x: Any, threshold: float) -> Any:
    """Return `x`; its gradient passes where abs(x) <= threshold alone (BMXNet's gradcancel)."""
    return straight_through(f, x, clip(f, x, -threshold, threshold))


def det_sign(f: Any, x: Any) -> Any:
    """Return 1 where x >= 0, else -1, with gradient 1 everywhere."""
    return straight_through(f, _sign(x), x)


def approx_sign(f: Any, x: Any) -> Any:
    """Return the sign as `det_sign`, with gradient 2 - 2 abs(x) in -1 to 1, else 0."""
    inside = clip(f, x)
    # Its derivative is the published gradient.
    parabola = 2 * inside - inside * f.abs(inside)
    return straight_through(f, _sign(x), parabola)


def leaky_clip(f: Any, x: Any) -> Any:
    """Return x cut to -1 to 1 and, outside, a slope of `LEAK`."""
    inside = clip(f, x)
    return inside + LEAK * (x - inside)


def rounded(f: Any, x: Any, precision: Precision = "float32") -> Any:
    """Return x, 0 to 2^22, rounded with halves up; the gradient is passed unchanged.

    A number and its rounded one are so close that their difference and this sum are exact.
    """
    return x + f.BlockGrad(f.floor(x + _HALF[precision]) - x)


def round_codes(f: Any, x: Any, bits: int, precision: Precision = "float32") -> Any:
    """Return x, cut to 0 to 1, as codes; gradient that of x times the highest code, else 0."""
    return rounded(f, clip(f, x, 0, 1) * highest(bits), precision)


def pact(f: Any, x: Any, alpha: Any, bits: int, precision: Precision = "float32") -> Any:
    """Return x (four axes), cut to 0 to alpha, in 2^bits levels.

    The gradient to `alpha`, (1,), is 1 where x > alpha, else q(x / alpha) - x / alpha (CGPACT):
    the derivative of the expression itself when the rounding passes gradients straight through.
    """
    cut = f.reshape(alpha, shape=(1, 1, 1, 1))
    codes = round_codes(f, f.broadcast_div(x, cut), bits, precision)
    return f.broadcast_mul(codes / highest(bits), cut)


def positions(f: Any, x: Any, *, detach: bool) -> Any:
    """Return where each value lies between DoReFa's lowest and highest level, 0 to 1.

    With t = tanh(x) and m its largest magnitude in the whole tensor it is t / 2m + 1/2.

    Parameters
    ----------
    x
        Four axes. In float64 the codes are the same whoever computed the tanh.
    detach
        No gradient goes through m.
    """
    bent = f.tanh(x)
    largest = f.max(f.abs(bent), keepdims=True)
    if detach:
        largest = f.BlockGrad(largest)
    return f.broadcast_div(bent, 2 * f.maximum(largest, _LEAST)) + _MIDDLE


def weight_codes(f: Any, place: Any, bits: int, precision: Precision = "float32") -> Coded:
    """Return float64 `positions` as DoReFa's levels, the codes c as c - top/2.

    They are half of 2c - top, which saves a multiplication; doubling is exact in any float.
    """
    top = highest(bits)
    codes = (place * top + _WHOLE) - _WHOLE
    return Coded(f.cast(codes, dtype=precision) - top / 2, top / 2)


def dorefa_codes(f: Any, x: Any, bits: int, precision: Precision = "float32") -> Coded:
    """Return activations by DoReFa's formula for weights, by the batch's maximum."""
    top = highest(bits)
    return Coded(rounded(f, positions(f, x, detach=False) * top, precision) - top / 2, top / 2)


def activate(
    f: Any, x: Any, member: Member, alpha: Any = None, precision: Precision = "float32"
) -> Coded:
    """Return what a member convolves of the map `x` (B, C, H, W), which has `precision`.

    Parameters
    ----------
    alpha
        Where PACT cuts, (1,); None for every other method.
    """
    method, bits = member.activations, member.activation_bits
    if member.cancel is not None and _cancels(method, member.cancel):
        x = cancel(f, x, member.cancel)
    if method == "round":
        return Coded(round_codes(f, x, bits, precision), highest(bits))
    if method == "dorefa":
        return dorefa_codes(f, x, bits, precision)
    if method == "pact":
        return Coded(pact(f, x, alpha, bits, precision), 1)
    return Coded(_PLAIN[method](f, x), 1)


def _cancels(method: ActivationMethod, threshold: float) -> bool:
    """Tell whether cancelling changes a gradient: these methods pass none beyond 1 themselves."""
    return threshold < 1 or method not in {"round", "clip", "approx_sign"}


def _sign(x: Any) -> Any:
    return 2 * (x >= 0) - 1


_PLAIN: dict[ActivationMethod, Callable[[Any, Any], Any]] = {
    "identity": lambda _f, x: x,
    "relu": lambda f, x: f.relu(x),
    "clip": clip,
    "leaky_clip": leaky_clip,
    "det_sign": det_sign,
    "approx_sign": approx_sign,
}
