"""How the members of an ensemble are quantised."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from harness.steps import Params

WeightMethod = Literal["identity", "det_sign", "dorefa"]
ActivationMethod = Literal[
    "identity", "relu", "clip", "leaky_clip", "det_sign", "approx_sign", "round", "dorefa", "pact"
]

FULL = 32
"""The width of a member whose weights are not quantised, bits."""


def check_bits(bits: int) -> int:
    """Return `bits` when a member can have that width; raise ValueError otherwise."""
    if bits != FULL and not 1 <= bits <= 8:
        raise ValueError(f"a member has 1 to 8 bits, or 32; it cannot have {bits}")
    return bits


Bits = Annotated[int, AfterValidator(check_bits)]


def check_widths(widths: tuple[int, ...]) -> tuple[int, ...]:
    """Return `widths` when no two are equal; raise ValueError otherwise."""
    twice = sorted({bits for bits in widths if widths.count(bits) > 1})
    if twice:
        raise ValueError(f"two members have {twice[0]} bits; a width is there once")
    return widths


Widths = Annotated[tuple[Bits, ...], Field(min_length=1), AfterValidator(check_widths)]
"""The widths of the members, in the order of the ensemble's answers."""


class Quantisation(Params):
    """What is asked for all members alike; what one gets stands in `quantisation/member.py`.

    The defaults are the corrected forms; the fields say what is published.
    """

    weights: WeightMethod = "dorefa"
    activations: ActivationMethod = "round"
    clip_threshold: float = Field(
        default=1.3,
        gt=0,
        le=1000,
        description="No gradient passes an activation quantiser where |x| is larger.",
    )
    cancel_full: bool = Field(
        default=False,
        description="The member of 32 bits has its gradients cancelled too, as published.",
    )
    padding: Literal["zero", "minus_one"] = Field(
        default="zero",
        description="What surrounds a map that is convolved; `minus_one` as published.",
    )
    detach_maximum: bool = Field(
        default=True,
        description="No gradient goes through the largest weight, by which DoReFa scales. "
        "As published it does.",
    )
    one_bit_activations: Literal["as_asked", "det_sign"] = Field(
        default="as_asked",
        description="`as_asked`: `round` gives the member of one bit activations of 0 and 1, as "
        "published. `det_sign`: -1 and 1.",
    )
    full_weights: bool = Field(
        default=False,
        description="Weights are left as they are in all members: the first of two stages.",
    )
    identity_clip: bool = Field(
        default=False,
        description="The member of 32 bits has activations cut to -1 to 1 instead of ReLU.",
    )
    rebuilt_input: bool = Field(
        default=False,
        description="Members other than the widest normalise the images with a learned scale and "
        "epsilon 1e-5, as published, where the widest has none and 2e-5.",
    )
    scaling: Literal["none", "xnor", "binet"] = Field(
        default="none", description="Scale of one-bit convolutions by mean |w| (`--approximation`)."
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        # Else it would be passed over: at 32 bits weights are always so, at others never.
        if self.weights == "identity" and not self.full_weights:
            raise ValueError(
                "weights 'identity' are those of 32 bits whatever is asked, and not possible at 8 "
                "or fewer; set full_weights for all members, or leave 'weights' out"
            )
        return self


PUBLISHED = {
    "cancel_full": True,
    "padding": "minus_one",
    "detach_maximum": False,
    "rebuilt_input": True,
}
"""The fields of `Quantisation` whose published form is not the default."""
