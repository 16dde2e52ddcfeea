"""Which systems a stage builds: those picked by hand, and those that a search has chosen."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from harness.spec.base import Name
from harness.steps import Params
from reproductions.shunt.params.distillation import Distillation, Plain
from reproductions.shunt.params.network import Network
from reproductions.shunt.params.shunt import System
from reproductions.shunt.params.training import ShuntTraining, Training


class Systems(Params):
    """A network and the systems that are built from it."""

    network: Network
    systems: tuple[System, ...] = Field((), description="Picked by hand.")
    chosen: tuple[Name, ...] = Field(
        (), description="Systems of the input `choices`, by the names of their budgets."
    )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all systems, those picked by hand first."""
        return (*(system.name for system in self.systems), *self.chosen)

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if not self.names:
            raise ValueError("give 'systems', or the names of 'chosen' ones")
        twice = sorted({name for name in self.names if self.names.count(name) > 1})
        if twice:
            raise ValueError(f"two systems are named '{twice[0]}'")
        return self


class ShuntsParams(Systems, ShuntTraining):
    """The systems whose shunts are trained, and how."""


class Final(Params):
    """One final training: of which system, learning from what."""

    system: Name
    distillation: Distillation = Plain(kind="plain")


class FinalsParams(Systems, Training):
    """The systems, and the trainings of them that are made."""

    finals: tuple[Final, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _known(self) -> Self:
        for final in self.finals:
            if final.system not in self.names:
                known = ", ".join(self.names)
                raise ValueError(f"'finals' names the system '{final.system}'; there are {known}")
        if len(set(self.finals)) != len(self.finals):
            raise ValueError("each training of 'finals' is given once")
        return self
