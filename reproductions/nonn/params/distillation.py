"""How a student learns from a teacher: the weights of the terms of the loss."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from harness.steps import Params

Reduction = Literal["batchmean", "element_mean"]
Normalisation = Literal["per_student", "joint"]


class Knowledge(Params):
    """What the student takes from the teacher's class scores."""

    alpha: float = Field(
        default=0.9, ge=0, le=1, description="Weight of the teacher against the labels."
    )
    temperature: float = Field(default=4.0, gt=0, le=1000)
    kl: Reduction = Field(
        default="batchmean",
        description="`batchmean`: the divergence per image, times 2/10, so that ten classes weigh "
        "as released and more classes weigh no less. `element_mean`: as released, which divides "
        "by the number of classes too.",
    )


class Transfer(Params):
    """What the students take from the teacher's last feature map."""

    beta: float = Field(default=10_000.0, ge=0, description="Weight of the activation transfer.")
    normalisation: Normalisation = Field(
        default="per_student",
        description="`per_student`: each student's features have length one, so a student needs "
        "to know no other. `joint`: all of them together, as released.",
    )
