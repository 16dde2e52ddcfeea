"""Parameters of the simulation: the networks, and the links that they are put behind."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from harness.steps import Params
from reproductions.nonn.params.deployment import Sending
from reproductions.nonn.params.network import Network


class SimulationParams(Params):
    """What is predicted: systems of some devices, with what they send, behind some links.

    The link that the record's own device states is always among them.
    """

    teacher: Network
    student: Network
    devices: tuple[Annotated[int, Field(ge=1, le=64)], ...] = Field(
        (1, 2, 3, 4, 5, 6, 7, 8), min_length=1, description="Numbers of nodes, one a student."
    )
    forms: tuple[Sending, ...] = Field(
        (Sending(form="features", precision="float32"),),
        min_length=1,
        description="What a student sends back; the record must have a system that does.",
    )
    bandwidths_mbit: tuple[Annotated[float, Field(gt=0, le=1_000_000)], ...] = Field(
        (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0),
        min_length=1,
        description="Of a node's link, each way, in 10^6 bits a second.",
    )
    latencies_ms: tuple[Annotated[float, Field(ge=0, le=60_000)], ...] = Field(
        (0.0, 1.0), min_length=1, description="Of a node's link, one way."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name in ("devices", "forms", "bandwidths_mbit", "latencies_ms"):
            values = getattr(self, name)
            if len(set(values)) != len(values):
                raise ValueError(f"each value of '{name}' is given once")
        for field in ("image_size", "image_channels", "classes"):
            if getattr(self.teacher, field) != getattr(self.student, field):
                raise ValueError(f"teacher and student have the same '{field}'")
        return self
