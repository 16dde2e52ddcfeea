"""Parameters of the cost count: networks at a publication's size, and the widths of ensembles."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from harness.steps import Params
from reproductions.ensemble_kd.params.fitting import FittingNetwork
from reproductions.ensemble_kd.params.quantisation import Widths

Label = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]*$", max_length=64)]
"""A network's name in a table: `resnet18_e1-imagenet`."""


class Costed(Params):
    """One network, and the widths of the ensemble that it becomes."""

    name: Label
    network: FittingNetwork
    widths: Widths = (32, 8, 4, 2, 1)


class CostsParams(Params):
    """The networks whose costs are counted, alone and as ensembles."""

    networks: tuple[Costed, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [entry.name for entry in self.networks]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two networks are named '{twice[0]}'")
        return self
