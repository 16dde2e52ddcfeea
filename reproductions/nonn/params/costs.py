"""Parameters of the cost count: the networks that are counted."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from harness.steps import Params
from reproductions.nonn.params.network import Network

Filters = Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)]
"""The number of the teacher's filters that each student has, one number a student."""


Label = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9.-]*$", max_length=64)]
"""A network's name in a table: `wrn16-1`, `mobilenetv2-x0.25`."""


class TeacherEntry(Params):
    """A teacher."""

    role: Literal["teacher"]
    name: Label
    network: Network


class StudentEntry(Params):
    """A NoNN of equal students: one network a node, each with its own bridge."""

    role: Literal["student"]
    name: Label
    teacher: Label = Field(description="The name of the teacher that it is compared with.")
    network: Network
    filters: Filters


Entry = Annotated[TeacherEntry | StudentEntry, Field(discriminator="role")]


class CostsParams(Params):
    """The networks whose costs are counted, at the publication's own size."""

    entries: tuple[Entry, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        teachers = [entry.name for entry in self.entries if isinstance(entry, TeacherEntry)]
        students = [entry for entry in self.entries if isinstance(entry, StudentEntry)]
        keys = [(name, 1) for name in teachers]
        keys += [(entry.name, len(entry.filters)) for entry in students]
        for key in keys:
            if keys.count(key) > 1:
                raise ValueError(f"two entries are named '{key[0]}' with {key[1]} node(s)")
        for entry in students:
            if entry.teacher not in teachers:
                raise ValueError(
                    f"student '{entry.name}' names teacher '{entry.teacher}'; "
                    f"the teachers are {sorted(teachers)}"
                )
        return self
