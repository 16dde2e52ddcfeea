"""Parameters of the latency measurement."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.steps import Params
from reproductions.nonn.params.network import Network


class LatencyParams(Params):
    """The networks whose forward pass is timed."""

    teacher: Network
    student: Network
    students: tuple[Annotated[int, Field(ge=1, le=64)], ...] = Field(min_length=1)
    batch_size: int = Field(1, ge=1, le=65_536)
