"""Parameters of the latency measurement, and of what is exported for it."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from harness.steps import Params
from reproductions.shunt.params.export import Precision
from reproductions.shunt.params.network import Network
from reproductions.shunt.params.shunt import Shunt


class LatencyParams(Params):
    """Nothing: every exported network is timed, and the device says how often and how."""


class PartsParams(Params):
    """The network whose blocks, and the shunts that could replace them, are timed alone."""

    network: Network
    architectures: tuple[Literal[1, 4, 5], ...] = Field((1, 4, 5), min_length=1)
    width: Literal["published", "window"] = "published"
    precision: Precision = "float32"

    @property
    def shunts(self) -> tuple[Shunt, ...]:
        """The shunts to choose from, in the order of `architectures`."""
        return tuple(Shunt(architecture=one, width=self.width) for one in self.architectures)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.architectures)) != len(self.architectures):
            raise ValueError("each architecture is given once")
        return self
