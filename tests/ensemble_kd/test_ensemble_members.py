"""Which quantisers a member gets: the whole table of what is asked and what is possible."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.errors import HarnessError
from reproductions.ensemble_kd.params.quantisation import (
    ActivationMethod,
    Quantisation,
)
from reproductions.ensemble_kd.quantisation.member import Member, resolve, resolve_all

WIDTHS = (1, 2, 3, 4, 5, 6, 7, 8, 32)

ACTIVATIONS = {
    "identity": ("det_sign", "round", "identity"),
    "relu": ("det_sign", "round", "relu"),
    "clip": ("det_sign", "round", "clip"),
    "leaky_clip": ("det_sign", "round", "leaky_clip"),
    "det_sign": ("det_sign", "round", "relu"),
    "approx_sign": ("approx_sign", "round", "relu"),
    "round": ("round", "round", "relu"),
    "dorefa": ("det_sign", "dorefa", "relu"),
    "pact": ("pact", "pact", "relu"),
}
"""What is asked, and what members of 1, of 2 to 8, and of 32 bits get."""


def column(bits):
    """Return the place of a width in a row of the table."""
    return {1: 0, 32: 2}.get(bits, 1)


@pytest.mark.parametrize("bits", WIDTHS)
@pytest.mark.parametrize("asked", get_args(ActivationMethod))
def test_activations_fall_back(asked, bits):
    """Every method of activations gives every width what the table says."""
    assert (
        resolve(bits, Quantisation(activations=asked)).activations
        == (ACTIVATIONS[asked][column(bits)])
    )


@pytest.mark.parametrize("bits", WIDTHS)
@pytest.mark.parametrize("asked", ["det_sign", "dorefa"])
def test_weights_fall_back(asked, bits):
    """Every width has one kind of weights, whichever is asked for."""
    member = resolve(bits, Quantisation(weights=asked))

    assert member.weights == ("det_sign", "dorefa", "identity")[column(bits)]
    assert member.weight_bits == member.activation_bits == bits


def test_identity_weights_need_full_weights():
    """Weights that are to stay as they are, and could not, are refused instead of passed over."""
    with pytest.raises(ValidationError, match="set full_weights"):
        Quantisation(weights="identity")

    assert resolve(8, Quantisation(weights="identity", full_weights=True)).weights == "identity"


@pytest.mark.parametrize(
    ("widths", "said"), [((8, 8), "two members have 8 bits"), ((), "no member")]
)
def test_ensembles_that_cannot_be_are_refused(widths, said):
    """A width that is there twice, or none at all, is an error wherever an ensemble is made."""
    with pytest.raises(HarnessError, match=said):
        resolve_all(widths, Quantisation())


def test_the_published_ensemble():
    """DoReFa and `round` at 32, 8 and 1 bits give what BMXNet gives."""
    asked = Quantisation(cancel_full=True)

    assert resolve_all((32, 8, 1), asked) == (
        Member(32, "identity", 32, "relu", 32, 1.3, offset=False),
        Member(8, "dorefa", 8, "round", 8, 1.3, offset=False),
        Member(1, "det_sign", 1, "round", 1, 1.3, offset=True),
    )


def test_gradients_of_the_float_member_are_cancelled_when_asked():
    """By default the member of 32 bits has no threshold, and the others have."""
    assert [member.cancel for member in resolve_all((32, 4), Quantisation(clip_threshold=2.0))] == [
        None,
        2.0,
    ]


@given(bits=st.sampled_from(WIDTHS), activations=st.sampled_from(get_args(ActivationMethod)))
def test_full_weights_change_weights_alone(bits, activations):
    """In the first of two stages weights are as they are, and activations as in the second."""
    first = resolve(bits, Quantisation(activations=activations, full_weights=True))
    second = resolve(bits, Quantisation(activations=activations))

    assert (first.weights, first.weight_bits, first.offset) == ("identity", 32, False)
    assert (first.activations, first.activation_bits, first.cancel) == (
        second.activations,
        second.activation_bits,
        second.cancel,
    )


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("round", "det_sign"),
        ("pact", "det_sign"),
        ("approx_sign", "approx_sign"),
        ("det_sign", "det_sign"),
    ],
)
def test_one_bit_can_be_signs(asked, expected):
    """With signs asked for, the member of one bit has no activations of 0 and 1."""
    member = resolve(1, Quantisation(activations=asked, one_bit_activations="det_sign"))

    assert member.activations == expected


def test_identity_clip_is_for_the_float_member():
    """`identity_clip` cuts the activations of 32 bits to -1 to 1, and changes no other member."""
    asked = Quantisation(identity_clip=True)

    assert [member.activations for member in resolve_all((32, 4, 1), asked)] == [
        "clip",
        "round",
        "round",
    ]


@pytest.mark.parametrize("bits", [0, 9, 16, -1, 33])
def test_other_widths_are_refused(bits):
    """A width outside 1 to 8 and 32 is an error that says which are possible."""
    with pytest.raises(HarnessError, match=f"cannot have {bits}") as caught:
        resolve(bits, Quantisation())

    assert "1 to 8, or 32" in caught.value.remedy
