"""The networks that teach an ensemble and are none themselves."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from harness.steps import Params

TeacherName = Literal[
    "resnet18_v1", "cifar_resnet20_v2", "cifar_resnet56_v2", "cifar_resnet110_v2", "resnet_e1"
]


class Teacher(Params):
    """One teacher; it answers for the images and classes of the ensemble that it teaches."""

    kind: TeacherName
    width: float = Field(default=1.0, gt=0, le=4, description="Scales the channels of all stages.")
