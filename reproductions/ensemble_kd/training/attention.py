"""Matching of attention maps: where the quantised convolutions of a teacher answer strongly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from mxnet import nd

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
