"""Parameters of the students' training."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from reproductions.nonn.params.distillation import Knowledge, Transfer
from reproductions.nonn.params.network import Network
from reproductions.nonn.params.training import Training


class StudentsParams(Training):
    """Teacher, students, how they are trained and what they learn from the teacher."""

    teacher: Network
    student: Network
    students: tuple[Annotated[int, Field(ge=1, le=64)], ...] = Field(
        min_length=1, description="Each is a system of that many students, trained on its own."
    )
    partition: Literal["communities", "random"] = Field(
        "communities", description="How the assignment was made; told in the scores."
    )
    knowledge: Knowledge = Knowledge()
    transfer: Transfer = Transfer()
    dropout: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Share of the images for which a whole student is left out of the answer in "
        "training, so that the head learns to do without it.",
    )
    training: Literal["together", "alone"] = Field(
        "together",
        description="`alone`: each student is trained under a head of its own, which is thrown "
        "away, and then one head on all of them, which no longer change.",
    )
    processes: int = Field(
        1, ge=1, le=64, description="Students that are trained at a time; it changes no byte."
    )
    compat: bool = Field(
        False,
        description="The released model: one backbone under all students, without the ReLUs that "
        "its assembly loses.",
    )

    @property
    def manner(self) -> str:
        """How the students are trained, as the scores tell it."""
        return f"{self.training}-dropout" if self.dropout else self.training

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(set(self.students)) != len(self.students):
            raise ValueError("each number of students is given once")
        if self.teacher.classes != self.student.classes:
            raise ValueError("teacher and student tell the same number of classes apart")
        as_released = self.knowledge.kl == "element_mean" and self.transfer.normalisation == "joint"
        if self.compat and not as_released:
            raise ValueError(
                "'compat: true' is the release: it goes with 'knowledge.kl: element_mean' and "
                "'transfer.normalisation: joint'"
            )
        if self.training == "alone" and self.transfer.normalisation == "joint":
            raise ValueError(
                "'training: alone' goes with 'transfer.normalisation: per_student': jointly, no "
                "student has a length of its own"
            )
        if self.training == "alone" and self.compat:
            raise ValueError("students on one backbone ('compat: true') cannot be trained alone")
        if self.processes > 1 and self.training == "together":
            raise ValueError("'processes' goes with 'training: alone'")
        return self
