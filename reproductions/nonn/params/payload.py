"""Parameters of the payload: what the students send, and how much of it there is."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.steps import Params
from reproductions.nonn.params.network import Network


class PayloadParams(Params):
    """Which trained systems send their answers."""

    student: Network
    students: tuple[Annotated[int, Field(ge=1, le=64)], ...] = Field(
        min_length=1, description="Systems of that many students."
    )
    batch_size: int = Field(128, ge=1, le=65_536)
