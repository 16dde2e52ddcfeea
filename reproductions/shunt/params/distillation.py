"""What the network with shunts learns from beside the labels (AIAI 2021, release)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from harness.steps import Params

Strength = Annotated[float, Field(ge=0, le=1e6)]


class Plain(Params):
    """The labels alone."""

    kind: Literal["plain"]


class DarkKnowledge(Params):
    """The softened class scores of the original network."""

    kind: Literal["dark_knowledge"]
    temperature: float = Field(
        default=5.0, gt=0, le=1000, description="Divides the logits of both."
    )
    strength: Strength = 4.0
    compat: bool = Field(
        default=False,
        description="The released form, in which the loss falls with the student's score of the "
        "true class.",
    )


class Attention(Params):
    """Where the original network's maps behind the shunts are large."""

    kind: Literal["attention"]
    strength: Strength = 1.0
    layers: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="How many additions behind the shunts are compared; 0: a third of them, two "
        "at least.",
    )


class Features(Params):
    """The original network's maps in the places of the shunts' outputs."""

    kind: Literal["features"]
    strength: Strength = 1.0


class Ace(Params):
    """Adaptive cross entropy: the original network's scores where it is right (Park and Heo 2020).

    It replaces the labels' cross entropy, and is meant for segmentation.
    """

    kind: Literal["ace"]
    kappa: float = Field(
        default=0.3, ge=0, le=1, description="Weight of the scores against the label."
    )


Distillation = Annotated[
    Plain | DarkKnowledge | Attention | Features | Ace, Field(discriminator="kind")
]
"""One kind of distillation."""


def label_of(distillation: Distillation) -> str:
    """Return what a table calls `distillation`: its kind, and whether it has the released form."""
    released = getattr(distillation, "compat", False)
    return f"{distillation.kind}-released" if released else distillation.kind
