"""Parameters of the step that writes the report."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from harness.spec.base import Identifier, Name
from harness.spec.paper import Paper
from harness.spec.profile import ProfileCard
from harness.steps import Params

StageName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*/[a-z][a-z0-9-]*$")]
"""`<paper>/<stage>`."""


class ReportParams(Params):
    """What the report is about. The tables and figures themselves are inputs."""

    profile: ProfileCard
    ranks: dict[Name, int] = Field(description="The rank of every profile, by its name.")
    papers: dict[Identifier, Paper]
    costs: dict[StageName, float] = Field(
        {}, description="Recorded seconds of each stage, from a committed file."
    )
