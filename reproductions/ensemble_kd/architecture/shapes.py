"""The shapes of all values of an ensemble, by canonical name."""

from __future__ import annotations

from collections.abc import Sequence

from reproductions.ensemble_kd.architecture.description import Description
from reproductions.ensemble_kd.architecture.layer import Shape
from reproductions.ensemble_kd.quantisation.member import Member


def member_shapes(description: Description, member: Member, *, widest: bool) -> dict[str, Shape]:
    """Return the shapes of what `member`, maybe the widest of its ensemble, has for itself."""
    return description.private(member.bits, widest=widest, alpha=member.activations == "pact")


def ensemble_shapes(description: Description, members: Sequence[Member]) -> dict[str, Shape]:
    """Return the shapes of all values: the shared ones, then each member's in turn."""
    widest = max(member.bits for member in members)
    shapes = description.shared()
    for member in members:
        shapes.update(member_shapes(description, member, widest=member.bits == widest))
    return shapes
