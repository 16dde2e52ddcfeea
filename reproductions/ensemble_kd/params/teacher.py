"""Parameters of the training of a teacher."""

from __future__ import annotations

from pydantic import Field

from reproductions.ensemble_kd.params.teachers import Teacher
from reproductions.ensemble_kd.params.training import Training


class TeacherParams(Training):
    """A teacher that is no ensemble; it is made for the images and the classes of its input."""

    system: str = Field(
        default="teacher", min_length=1, max_length=64, description="Names its rows in the tables."
    )
    network: Teacher
