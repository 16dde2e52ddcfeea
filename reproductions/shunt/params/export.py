"""Parameters of the export: what a network becomes, and what it is held against."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from harness.steps import Params

Precision = Literal["float32", "int8"]
"""Of an exported network; `int8`: rounded to 8 bits after its training."""

Ends = Literal["int8", "float32"]
"""What goes into an 8-bit network and comes out of it."""


class Export(Params):
    """How networks are exported and held against Keras."""

    precisions: tuple[Precision, ...] = Field(("float32", "int8"), min_length=1)
    calibration: int = Field(
        100,
        ge=1,
        le=100_000,
        description="Images of the training split, drawn by the stage's seed, by which int8 finds "
        "the ranges of the maps; all of them where there are fewer.",
    )
    ends: Ends = Field("int8", description="With int8: what goes in and comes out.")
    tolerance: float = Field(
        1e-5,
        gt=0,
        description="Largest difference of an output of float32 from Keras; more is a failure.",
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.precisions)) != len(self.precisions):
            raise ValueError("each precision is given once")
        return self
