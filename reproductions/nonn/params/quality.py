"""Parameters of the comparison of partitions."""

from __future__ import annotations

from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from harness.steps import Params
from reproductions.nonn.params.resolution import PUBLISHED, Resolution

Algorithm = Literal["louvain", "leiden", "released-0.15", "released-0.16"]
"""Who finds the communities and shares them out: ours, or the released routine on the library of
that version."""

Graph = Literal[
    "planted",
    "planted-unequal",
    "ring-of-cliques",
    "equal-cliques",
    "cliques-isolated",
    "heavy-tailed",
    "activation",
    "karate",
]
"""A graph of the suite; see `reproductions.nonn.partition.suite`."""


class PartitionQualityParams(Params):
    """What is compared on which graphs."""

    students: tuple[Annotated[int, Field(ge=1, le=14)], ...] = Field((2, 4, 8), min_length=1)
    algorithms: tuple[Algorithm, ...] = Field(get_args(Algorithm), min_length=1)
    graphs: tuple[Graph, ...] = Field(
        get_args(Graph), description="Graphs of the suite that are compared beside the input."
    )
    resolution: Resolution = Field(
        PUBLISHED,
        description="gamma of every objective; the released routine gets the number that meant it "
        "up to python-louvain 0.15.",
    )
    keep_percentile: float = Field(
        99.0, ge=0, lt=100, description="Links of the input below this percentile are cut."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name in ("students", "algorithms", "graphs"):
            values = getattr(self, name)
            if len(set(values)) != len(values):
                raise ValueError(f"'{name}' names each once")
        return self
