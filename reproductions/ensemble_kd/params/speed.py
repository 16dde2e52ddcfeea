"""Parameters of the measurement of packed networks."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from harness.steps import Params
from reproductions.ensemble_kd.params.fitting import FittingNetwork
from reproductions.ensemble_kd.params.quantisation import FULL, Quantisation, Widths

SERVED = (8, 4, 2, 1)
"""The widths that a store serves: those of `quantisation/nested.py`, told without NumPy."""


class Shape(Params):
    """A 3x3 convolution that is measured alone: of `size` x `size` pixels, as many outputs."""

    size: int = Field(ge=1, le=512)
    channels: int = Field(ge=1, le=2048)


PUBLISHED = tuple(
    Shape(size=size, channels=channels)
    for size, channels in ((56, 64), (28, 128), (14, 256), (7, 512))
)
"""The convolutions of the stages of resnet18_e1 for images of 224 pixels."""


class SpeedParams(Params):
    """Which convolutions and which network are measured, at which widths."""

    network: FittingNetwork
    widths: Widths = (32, 8, 4, 2, 1)
    quantisation: Quantisation = Quantisation()
    layers: Annotated[tuple[Shape, ...], Field(max_length=16)] = PUBLISHED

    @model_validator(mode="after")
    def _comparable(self) -> Self:
        if FULL not in self.widths:
            raise ValueError("'widths' needs 32 bits, with which the others are compared")
        strange = sorted(set(self.widths) - {*SERVED, FULL})
        if strange:
            raise ValueError(f"a store does not serve {strange[0]} bits; it serves 8, 4, 2 and 1")
        return self
