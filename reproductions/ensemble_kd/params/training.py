"""How ensembles and teachers are trained: optimiser, learning rate, augmentation."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from harness.steps import Params


class Cosine(Params):
    """The rate falls to nothing along half a cosine."""

    kind: Literal["cosine"]


class Poly(Params):
    """The rate falls to nothing as a power of the share of steps that are left."""

    kind: Literal["poly"]
    power: float = Field(default=2.0, gt=0, le=10)


class Steps(Params):
    """The rate is multiplied by `factor` at the start of each of `epochs`."""

    kind: Literal["step"]
    epochs: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)] = (90, 100)
    factor: float = Field(default=0.1, ge=0, le=1, description="The published default is 0.")


Schedule = Annotated[Cosine | Poly | Steps, Field(discriminator="kind")]
"""The learning rate over the steps of a training; the last step's is exactly 0 but for `step`."""

Optimiser = Literal["radam", "adam", "sgd", "nag"]
Balance = Literal["equal", "gradient_norm"]


class Shift(Params):
    """An image is padded with zeros, cut to its size anywhere, and mirrored half the time."""

    pad: int = Field(default=4, ge=0, le=64, description="Pixels at each border.")
    flip: bool = True


def _check_weights(weights: tuple[float, ...]) -> tuple[float, ...]:
    if not any(weights):
        raise ValueError("all are 0, so that nothing would be learned")
    return weights


MemberWeights = Annotated[tuple[Annotated[float, Field(ge=0)], ...], AfterValidator(_check_weights)]


def check_warmup(warmup: int, epochs: int) -> None:
    """Raise ValueError when a warm-up leaves none of `epochs`."""
    if warmup >= epochs:
        raise ValueError(
            f"a warm-up of {warmup} epochs leaves none of {epochs}: give fewer warmup_epochs, or "
            "more epochs"
        )


class Training(Params):
    """One training."""

    epochs: int = Field(default=120, ge=1, le=10_000)
    batch_size: int = Field(default=64, ge=2, le=65_536)
    learning_rate: float = Field(default=0.01, gt=0, le=10)
    optimiser: Optimiser = "radam"
    momentum: float = Field(default=0.9, ge=0, lt=1, description="Of `sgd` and `nag`.")
    weight_decay: float = Field(
        default=0.0, ge=0, le=1, description="Reaches neither quantised weights nor normalisation."
    )
    schedule: Schedule = Cosine(kind="cosine")
    warmup_epochs: int = Field(default=0, ge=0, le=10_000, description="The rate rises from 0.")
    augment: Shift | None = None
    balance: Balance = Field(
        default="equal",
        description="`gradient_norm`: a member's loss is scaled, for the shared weights alone, by "
        "the moving norm of its gradient on them relative to the mean of all members.",
    )
    member_weights: MemberWeights | None = Field(
        default=None, description="Weight of each member's loss, in their order; left out: 1 each."
    )

    @model_validator(mode="after")
    def _begins(self) -> Self:
        check_warmup(self.warmup_epochs, self.epochs)
        return self
