"""A profile: the same experiment at another size."""

from __future__ import annotations

from pydantic import Field, JsonValue

from harness.spec.base import Identifier, Name, Spec, Text


class ProfileCard(Spec):
    """What a profile is for and what it costs."""

    name: Name
    rank: int = Field(ge=0, description="Larger profiles decide every claim of smaller ones.")
    says: Text


class Profile(Spec):
    """The few values of the papers that change with the size of the experiment."""

    profile: ProfileCard
    papers: dict[Identifier, dict[Identifier, JsonValue]] = Field(
        {}, description="The same tree as the papers, holding only what differs."
    )
