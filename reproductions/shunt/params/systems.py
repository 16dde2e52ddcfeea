"""Which systems a stage builds: those picked by hand, and those that a search has chosen."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from harness.spec.base import Name
from harness.steps import Params
from reproductions.shunt.params.distillation import Distillation, Plain, label_of
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

    @property
    def name(self) -> str:
        """Of its task, its rows in a history and its stored weights."""
        return f"{self.system} {label_of(self.distillation)}"


def check_finals(systems: Systems, finals: tuple[Final, ...]) -> None:
    """Raise ValueError where one of `finals` is of none of `systems`, or two share a name."""
    for final in finals:
        if final.system not in systems.names:
            known = ", ".join(systems.names)
            raise ValueError(f"'{final.name}' trains no system of this stage; there are {known}")
    names = [final.name for final in finals]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two final trainings are named '{twice[0]}'")


class FinalsParams(Systems, Training):
    """The systems, and the trainings of them that are made."""

    finals: tuple[Final, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _known(self) -> Self:
        check_finals(self, self.finals)
        return self
