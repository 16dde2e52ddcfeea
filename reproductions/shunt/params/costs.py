"""Parameters of the cost count: networks at a publication's size, and windows replaced in them."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from harness.steps import Params
from reproductions.shunt.params.network import Network
from reproductions.shunt.params.shunt import System

Label = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]*$", max_length=64)]
"""A network's name in a table: `mobilenetv2-x1.4`, `deeplabv3-os16`."""

ORIGINAL = "original"
"""The system that is the network as it is."""


class Entry(Params):
    """One network, and the systems that are built from it."""

    name: Label
    network: Network
    systems: tuple[System, ...] = ()

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [ORIGINAL, *(system.name for system in self.systems)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"network '{self.name}' has two systems named '{twice[0]}'")
        return self


class CostsParams(Params):
    """The networks whose costs are counted, each alone and with its shunts."""

    entries: tuple[Entry, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [entry.name for entry in self.entries]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two entries are named '{twice[0]}'")
        return self
