"""Which quantisers a member really gets, by its width.

What is asked for is asked of all members alike, and is not possible at each width. BMXNet then
takes a default instead of refusing; so does this table:

============  =========================  ==================================
bits          weights                    activations
============  =========================  ==================================
32            identity                   identity, relu, clip, leaky_clip
2 to 8        dorefa                     round, dorefa, pact
1             det_sign                   det_sign, approx_sign, round, pact
default, 32   identity                   relu
default, 2-8  dorefa                     round
default, 1    det_sign                   det_sign
============  =========================  ==================================

So `round` gives the member of one bit activations of 0 and 1. The released code is silent on PACT
at 32 bits and on `dorefa` activations at one bit; they are treated like `round` and like DoReFa's
weights.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.errors import HarnessError
from reproductions.ensemble_kd.params.quantisation import (
    FULL,
    ActivationMethod,
    Quantisation,
    WeightMethod,
    check_bits,
    check_widths,
)

_WEIGHTS: dict[str, WeightMethod] = {"full": "identity", "several": "dorefa", "one": "det_sign"}
"""The only weights of each class of widths, which are its default too."""

_ACTIVATIONS: dict[str, tuple[ActivationMethod, ...]] = {
    "full": ("relu", "identity", "clip", "leaky_clip"),
    "several": ("round", "dorefa", "pact"),
    "one": ("det_sign", "approx_sign", "round", "pact"),
}
"""The possible activations of each class of widths; the first is its default."""

UNSIGNED: tuple[ActivationMethod, ...] = ("round", "pact")
"""Activations whose codes stand for 0 to 1 (times alpha), and not for -1 to 1."""


@dataclass(frozen=True)
class Member:
    """One network of an ensemble.

    Parameters
    ----------
    bits
        Its name: 1 to 8, or 32.
    weights, activations
        The quantisers that it gets.
    weight_bits, activation_bits
        32 where nothing is quantised.
    cancel
        No gradient passes an activation quantiser where |x| is larger; None: it always passes.
    offset
        A convolution's sum h of n products is answered as (h + n) / 2: where weights have one bit.
    """

    bits: int
    weights: WeightMethod
    weight_bits: int
    activations: ActivationMethod
    activation_bits: int
    cancel: float | None
    offset: bool


def resolve(bits: int, asked: Quantisation) -> Member:
    """Return what the member of `bits` gets when `asked` is asked of all.

    Raises
    ------
    HarnessError
        No member can have `bits`.
    """
    try:
        check_bits(bits)
    except ValueError as error:
        raise HarnessError(str(error), "give widths from 1 to 8, or 32") from None
    weights: WeightMethod = "identity" if asked.full_weights else _WEIGHTS[_class(bits)]
    return Member(
        bits=bits,
        weights=weights,
        weight_bits=FULL if weights == "identity" else bits,
        activations=_activations(bits, asked),
        activation_bits=bits,
        cancel=asked.clip_threshold if bits != FULL or asked.cancel_full else None,
        offset=weights == "det_sign",
    )


def resolve_all(widths: Iterable[int], asked: Quantisation) -> tuple[Member, ...]:
    """Return the members of an ensemble, in the order of `widths`.

    Raises
    ------
    HarnessError
        There are none, a width is there twice, or no member can have it.
    """
    members = tuple(resolve(bits, asked) for bits in widths)
    if not members:
        raise HarnessError("the ensemble has no member", "give one width or more")
    try:
        check_widths(tuple(one.bits for one in members))
    except ValueError as error:
        raise HarnessError(str(error), "give each width once") from None
    return members


def _activations(bits: int, asked: Quantisation) -> ActivationMethod:
    if bits == FULL and asked.identity_clip:
        return "clip"
    possible = _ACTIVATIONS[_class(bits)]
    got = asked.activations if asked.activations in possible else possible[0]
    if bits == 1 and asked.one_bit_activations == "det_sign" and got in UNSIGNED:
        return "det_sign"
    return got


def _class(bits: int) -> str:
    return {FULL: "full", 1: "one"}.get(bits, "several")
