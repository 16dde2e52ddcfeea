"""Parameters of the baseline: one student alone."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from reproductions.nonn.params.distillation import Knowledge
from reproductions.nonn.params.network import Network
from reproductions.nonn.params.training import Training


class SingleParams(Training):
    """One small network, trained with and without the teacher's class scores."""

    network: Network
    teacher: Network
    distilled: tuple[bool, ...] = Field(
        (False, True), min_length=1, max_length=2, description="One training for each."
    )
    knowledge: Knowledge = Knowledge()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(set(self.distilled)) != len(self.distilled):
            raise ValueError("'distilled' names true and false once at most")
        if self.teacher.classes != self.network.classes:
            raise ValueError("teacher and student tell the same number of classes apart")
        return self
