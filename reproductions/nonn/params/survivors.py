"""Parameters of the accuracy of those students that answer."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.steps import Params
from reproductions.nonn.params.network import Network


class SurvivorsParams(Params):
    """Which trained systems lose students, one subset after the other."""

    student: Network
    students: tuple[Annotated[int, Field(ge=1, le=12)], ...] = Field(
        min_length=1, description="Systems of that many students; N have 2^N - 1 subsets."
    )
    dropout: float = Field(
        0.0, ge=0, lt=1, description="The dropout of their training; told in the rows."
    )
    batch_size: int = Field(128, ge=1, le=65_536)
