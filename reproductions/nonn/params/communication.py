"""Parameters of the communication count."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from harness.steps import Params
from reproductions.nonn.params.costs import Filters, Label
from reproductions.nonn.params.network import Network


class DistributedEntry(Params):
    """A network that is distributed over devices, in both ways."""

    name: Label
    network: Network
    filters: tuple[Filters, ...] = Field(
        min_length=1,
        description="For each number of devices, the filters of every student of the NoNN.",
    )

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        devices = [len(filters) for filters in self.filters]
        if len(set(devices)) != len(devices):
            raise ValueError(f"'{self.name}' lists a number of devices twice: {devices}")
        return self


class CommunicationParams(Params):
    """The networks whose communication is counted."""

    entries: tuple[DistributedEntry, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [entry.name for entry in self.entries]
        if len(set(names)) != len(names):
            raise ValueError(f"the names of the entries are distinct, not {names}")
        return self
