"""Parameters of the deployment: what is placed on devices, and how its record becomes rows."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from harness.steps import Params
from reproductions.nonn.params.network import Network

Form = Literal["features", "logits"]
Precision = Literal["float32", "int8"]


class Sending(Params):
    """What a node sends back for an image."""

    form: Form = Field(
        "features",
        description="`features`: those of its filters; `logits`: its share of the class scores.",
    )
    precision: Precision = Field(
        "float32", description="`int8`: rounded to 255 steps, with a scale for each channel."
    )


class DeploymentParams(Params):
    """The networks that are placed on the devices, and what the students send back."""

    teacher: Network
    student: Network
    students: tuple[Annotated[int, Field(ge=1, le=64)], ...] = Field(
        min_length=1, description="Each is a system of that many students, on a node each."
    )
    forms: tuple[Sending, ...] = Field(
        (Sending(form="features", precision="float32"),), min_length=1
    )
    head: Literal["local", "device"] = Field(
        "local",
        description="`local`: the host adds up the final layer; `device`: one more node does.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(set(self.students)) != len(self.students):
            raise ValueError("each number of students is given once")
        if len(set(self.forms)) != len(self.forms):
            raise ValueError("each form and precision is given once")
        if self.teacher.classes != self.student.classes:
            raise ValueError("teacher and student tell the same number of classes apart")
        if self.head == "device" and any(one.form == "logits" for one in self.forms):
            raise ValueError(
                "'head: device' goes with form 'features': class scores are only added up"
            )
        return self


class DeploymentSummaryParams(Params):
    """Nothing: the names of a record's series say what its rows are of."""
