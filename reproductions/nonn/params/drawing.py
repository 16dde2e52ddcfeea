"""Parameters of the figures."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from harness.steps import Params


class ActivationNetworkParams(Params):
    """Which partition the picture of the filter activation network shows."""

    students: int = Field(2, ge=1, le=8, description="A number of students of the assignment.")
    keep_percentile: float = Field(
        99.0, ge=0, lt=100, description="Links below this percentile are not drawn."
    )


class AccuracyAgainstBytesParams(Params):
    """The picture of accuracy against bytes has no parameters."""


class TrainingCurvesParams(Params):
    """The picture of the training curves has no parameters."""


class AccuracyAgainstSurvivorsParams(Params):
    """How many classes the images have, for the line of chance."""

    classes: int = Field(10, ge=2, le=100_000)


class LatencyAgainstLinkParams(Params):
    """Which predictions of a simulation the picture of latency against bandwidth shows."""

    devices: tuple[Annotated[int, Field(ge=1, le=64)], ...] = Field(
        (1, 2, 4, 8), min_length=1, max_length=8, description="Numbers of nodes, a line each."
    )
    latency_ms: float = Field(
        1.0, ge=0, description="The latency of the links one way; one of the simulation's."
    )
    form: Literal["features", "logits"] = "features"
    precision: Literal["float32", "int8"] = "float32"
