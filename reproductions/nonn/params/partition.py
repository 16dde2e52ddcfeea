"""Parameters of the partition of the teacher's filters."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from harness.steps import Params


class PartitionParams(Params):
    """How the filters are shared out to the students.

    `gamma` is the factor of Reichardt and Bornholdt before the null model, in
    ``sum over communities of L/m - gamma (K/2m)^2`` with L the weight inside, K the weight of all
    ends, m the weight of all links. Larger values give more and smaller communities. The paper's
    "resolution 0.7" was used with versions of python-louvain in which it divides the null model:
    gamma = 1/0.7.
    """

    students: tuple[Annotated[int, Field(ge=1, le=1024)], ...] = Field(
        (2, 4, 8), min_length=1, description="Numbers of students; one partition for each."
    )
    method: Literal["communities", "random"] = Field(
        "communities",
        description="`random` shares out the same filters in equal parts by chance: the baseline.",
    )
    gamma: float = Field(1 / 0.7, gt=0, le=1000, description="Larger: smaller communities.")
    keep_percentile: float = Field(
        99.0, ge=0, lt=100, description="Links below this percentile of all links are cut."
    )
    isolated: Literal["drop", "attach"] = Field(
        "drop",
        description="What becomes of filters that lose all links: `attach` adds each to the "
        "community with which it had the most weight before the cut.",
    )
    compat: bool = Field(False, description="Share out as the released code does, defects and all.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(set(self.students)) != len(self.students):
            raise ValueError("the numbers of students are distinct")
        if self.compat and (self.method != "communities" or self.isolated != "drop"):
            raise ValueError("'compat' goes with method 'communities' and isolated 'drop'")
        return self
