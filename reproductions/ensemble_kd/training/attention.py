"""Matching of attention maps: where the quantised convolutions of a teacher answer strongly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from mxnet import nd

from harness.errors import HarnessError
from reproductions.ensemble_kd.params.teaching import Attention

_AXES = {"channels": 1, "width": 3}
_LEAST = 1e-12  # a map that is nothing has no maximum to divide by


def attention_map(maps: Any, axis: Literal["channels", "width"] = "channels") -> Any:
    """Return the mean square of `maps` (B, C, H, W) over `axis`, flat, each image's at most 1."""
    strength = nd.flatten(nd.mean(nd.square(maps), axis=_AXES[axis]))
    most = nd.max(strength, axis=1, keepdims=True)
    return nd.broadcast_div(strength, nd.maximum(most, _LEAST))


def matching_loss(
    teacher: Sequence[Any], student: Sequence[Any], axis: Literal["channels", "width"]
) -> Any:
    """Return the mean squared difference of attention maps, averaged over layers, (B,).

    Parameters
    ----------
    teacher, student
        The answers (B, C, H, W) of each quantised convolution.
    """
    apart = [
        nd.mean(nd.square(attention_map(mine, axis) - attention_map(theirs.detach(), axis)), axis=1)
        for theirs, mine in zip(teacher, student, strict=True)
    ]
    return nd.add_n(*apart) / len(apart)


def matching_losses(
    teacher: Sequence[Sequence[Any]], student: Sequence[Sequence[Any]], attention: Attention
) -> Any:
    """Return `matching_loss` of every member against its teacher, weighted, (N, B).

    Parameters
    ----------
    teacher
        The maps that each member is to match, layer by layer.
    student
        The members' own.
    """
    losses = [
        matching_loss(theirs, mine, attention.axis)
        for theirs, mine in zip(teacher, student, strict=True)
    ]
    return nd.stack(*losses) * attention.weight


def matched(widths: Sequence[int], taught: Sequence[int], attention: Attention) -> list[int]:
    """Return which member of the teacher, of `taught` widths, each of `widths` has to match.

    Raises
    ------
    HarnessError
        The teacher has no member of that width.
    """
    wanted = [bits if attention.bits < 1 else attention.bits for bits in widths]
    if attention.bits < 1 and len(taught) == 1:
        return [0] * len(widths)
    for bits in wanted:
        if bits not in taught:
            raise HarnessError(
                f"the attention maps of a member of {bits} bits are to be matched; the ensemble "
                f"teacher has members of {', '.join(map(str, taught))} bits",
                "set attention.bits to one of these, or train the teacher with that width",
            )
    return [taught.index(bits) for bits in wanted]
