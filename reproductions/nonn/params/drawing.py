"""Parameters of the figures."""

from __future__ import annotations

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
