"""Whom each member of an ensemble learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reproductions.ensemble_kd.params.teaching import Mode

OUTSIDE = -1
"""The source of a member that learns from a teacher outside of the ensemble."""


@dataclass(frozen=True)
class Sources:
    """Whom the members learn from, in their order.

    Parameters
    ----------
    teachers
        The position of the member whose soft targets each one learns from; `OUTSIDE` for the
        teacher's, None for labels alone.
    unlabelled
        The position of a member that does not learn at all, an internal teacher as published.
    """

    teachers: tuple[int | None, ...]
    unlabelled: int | None = None

    @property
    def soft(self) -> bool:
        """Whether any member has soft targets."""
        return any(teacher is not None for teacher in self.teachers)

    @property
    def outside(self) -> tuple[int, ...]:
        """The positions of the members that a teacher outside teaches."""
        return tuple(place for place, teacher in enumerate(self.teachers) if teacher == OUTSIDE)


def sources_of(
    widths: Sequence[int],
    mode: Mode,
    *,
    outside: bool = False,
    internal: bool = False,
    labelled: bool = True,
) -> Sources:
    """Return whom the members of `widths` learn from.

    Parameters
    ----------
    widths
        Of the members, in their order.
    mode
        `simple`: all learn from the teacher. `progressive`: each from the next wider one, and
        only the widest from the teacher.
    outside
        There is a teacher outside of the ensemble.
    internal
        The widest member is the teacher.
    labelled
        An internal teacher learns from labels.
    """
    falling = sorted(range(len(widths)), key=lambda place: -widths[place])
    widest = falling[0]
    teachers: list[int | None] = [None] * len(widths)
    for wider, place in zip([OUTSIDE, *falling], falling, strict=False):
        if mode == "progressive":
            teachers[place] = wider
        elif mode == "simple":
            teachers[place] = widest if internal else OUTSIDE
    if internal or not outside:
        teachers = [None if teacher == OUTSIDE else teacher for teacher in teachers]
    if internal:
        teachers[widest] = None
    return Sources(tuple(teachers), widest if internal and not labelled else None)
