"""Parameters of the partition of the teacher's filters."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from harness.steps import Params
from reproductions.nonn.params.resolution import PUBLISHED, Resolution


class Communities(Params):
    """How communities of filters are found in the filter activation network."""

    algorithm: Literal["louvain", "leiden"] = Field(
        "louvain",
        description="Who finds the communities. `leiden` searches several times, first from where "
        "`louvain` ends: its objective is never lower, and its communities are connected.",
    )
    resolution: Resolution = Field(PUBLISHED, description="How small the communities are.")
    keep_percentile: float = Field(
        99.0, ge=0, lt=100, description="Links below this percentile of all links are cut."
    )
    isolated: Literal["drop", "attach"] = Field(
        "drop",
        description="What becomes of filters that lose all links: `attach` adds each to the "
        "community with which it had the most weight before the cut.",
    )


class PartitionParams(Communities):
    """How the filters are shared out to the students."""

    students: tuple[Annotated[int, Field(ge=1, le=1024)], ...] = Field(
        (2, 4, 8), min_length=1, description="Numbers of students; one partition for each."
    )
    method: Literal["communities", "random"] = Field(
        "communities",
        description="`random` shares out the same filters in equal parts by chance: the baseline.",
    )
    compat: bool = Field(False, description="Share out as the released code does, defects and all.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(set(self.students)) != len(self.students):
            raise ValueError("the numbers of students are distinct")
        if self.compat and (self.method != "communities" or self.isolated != "drop"):
            raise ValueError("'compat' goes with method 'communities' and isolated 'drop'")
        if self.compat and (self.algorithm != "louvain" or self.resolution.meaning == "gamma"):
            raise ValueError(
                "'compat' goes with algorithm 'louvain' and a meaning of the resolution that "
                "python-louvain has: 'python-louvain-0.15' or 'python-louvain-0.16'"
            )
        return self
