"""Which member of an ensemble that teaches is whose teacher."""

from __future__ import annotations

from collections.abc import Sequence

from harness.errors import HarnessError
from reproductions.ensemble_kd.params.teaching import Attention


def teacher_of(bits: int, taught: Sequence[int]) -> int:
    """Return which of a teacher's members teaches one of `bits`; one alone teaches all.

    Raises
    ------
    HarnessError
        None of the teacher's widths, `taught`, is that one.
    """
    if len(taught) == 1:
        return 0
    if bits not in taught:
        raise HarnessError(
            f"the member of {bits} bits has no teacher: the ensemble that teaches has members of "
            f"{', '.join(map(str, taught))} bits",
            "train the teacher with that width too, or with one width alone, which teaches all",
        )
    return taught.index(bits)


def matched(widths: Sequence[int], taught: Sequence[int], attention: Attention) -> list[int]:
    """Return which member of the teacher, of `taught` widths, each of `widths` has to match.

    Raises
    ------
    HarnessError
        The teacher has no member of that width.
    """
    if attention.bits < 1 and len(taught) == 1:
        return [0] * len(widths)
    wanted = [bits if attention.bits < 1 else attention.bits for bits in widths]
    for bits in wanted:
        if bits not in taught:
            raise HarnessError(
                f"the attention maps of a member of {bits} bits are to be matched; the ensemble "
                f"teacher has members of {', '.join(map(str, taught))} bits",
                "set attention.bits to one of these, or train the teacher with that width",
            )
    return [taught.index(bits) for bits in wanted]
