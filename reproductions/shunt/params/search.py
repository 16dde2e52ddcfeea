"""Parameters of the search for windows."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator

from harness.spec.base import Name
from harness.steps import Params
from reproductions.shunt.params.network import Network
from reproductions.shunt.params.shunt import Shunt, System

T = TypeVar("T")

Metric = Literal["macs", "parameters", "latency"]
"""What a budget limits: multiply-adds, parameters, or the measured time of one image."""


def _distinct(values: tuple[T, ...]) -> tuple[T, ...]:
    if len(set(values)) != len(values):
        raise ValueError("each value is given once")
    return values


class Budget(Params):
    """What may remain of the network; the system that is chosen for it bears its name."""

    name: Name
    metric: Metric = "macs"
    keep: float = Field(gt=0, lt=1, description="The share of the whole network that may remain.")


class SearchParams(Params):
    """The windows, shunts and budgets among which the search chooses."""

    network: Network
    architectures: Annotated[
        tuple[Literal[1, 4, 5], ...], Field(min_length=1), AfterValidator(_distinct)
    ] = Field(
        (1, 4, 5),
        description="Shunts to choose from. Of two that lose and save alike the first is taken.",
    )
    width: Literal["published", "window"] = "published"
    most: int = Field(2, ge=1, le=16, description="How many windows a system may have.")
    importance: Literal["joint", "sum"] = Field(
        "joint",
        description="What a window loses. `joint`: the quotient with all of its residual blocks "
        "taken out at once. `sum`: the sum of the quotients of each of these alone.",
    )
    without_residual: Literal["refuse"] | Annotated[float, Field(ge=0)] = Field(
        "refuse",
        description="A window without a residual block has no quotient: it is refused, or it "
        "loses this share of the original's score.",
    )
    budgets: Annotated[tuple[Budget, ...], Field(min_length=1, max_length=100)]
    published: tuple[System, ...] = Field(
        (), description="Windows that were picked by hand, for comparison."
    )

    @property
    def shunts(self) -> tuple[Shunt, ...]:
        """The shunts to choose from, in the order of `architectures`."""
        return tuple(Shunt(architecture=one, width=self.width) for one in self.architectures)

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics of the budgets, each once."""
        return tuple(dict.fromkeys(budget.metric for budget in self.budgets))

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [budget.name for budget in self.budgets]
        names += [system.name for system in self.published]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"the name '{twice[0]}' stands for two systems")
        return self
