"""The losses of the members in PyTorch: labels, soft targets and attention maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as f
from torch import Tensor

from reproductions.ensemble_kd.params.teaching import Attention, Teaching
from reproductions.ensemble_kd.training.sources import OUTSIDE, Sources

_LEAST = 1e-12  # added to a probability before its logarithm, as in Gluon; the least largest map
_AXES = {"channels": 1, "width": 3}


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the loss of `logits` (N, B, C) against the classes `labels` (B,), (N, B)."""
    chosen = labels.expand(len(logits), -1).unsqueeze(-1)
    return -f.log_softmax(logits, -1).gather(-1, chosen).squeeze(-1)


def soft_loss(
    teacher: Tensor,
    student: Tensor,
    temperature: float = 1.0,
    reduction: Literal["sum", "mean"] = "sum",
) -> Tensor:
    """Return how far the class scores of `student` (..., C) are from those of `teacher`, nats.

    It is p_t (log p_t - log p_s), reduced over classes, times the temperature's square.
    """
    wanted = f.softmax(teacher / temperature, -1)
    found = f.log_softmax(student / temperature, -1)
    terms = wanted * (torch.log(wanted + _LEAST) - found)
    reduced = terms.sum(-1) if reduction == "sum" else terms.mean(-1)
    return reduced * temperature**2


def member_losses(
    logits: Tensor,
    labels: Tensor,
    lesson: Sequence[Tensor | None],
    teaching: Teaching,
    sources: Sources,
) -> Tensor:
    """Return the loss of every member for every image, (N, B).

    Parameters
    ----------
    logits
        Of the members, (N, B, C).
    labels
        Classes, (B,).
    lesson
        For each member the logits (B, C) of the teacher outside; None where it has none.
    teaching, sources
        How, and whom from, the members learn.
    """
    own = cross_entropy(logits, labels)
    losses = []
    for place, source in enumerate(sources.teachers):
        loss = own[place]
        if place == sources.unlabelled:
            loss = loss * 0
        elif source is not None:
            wanted = _targets(logits, lesson[place], source, detach=teaching.detach)
            soft = soft_loss(wanted, logits[place], teaching.temperature, teaching.reduction)
            loss = loss * teaching.alpha + soft * (1 - teaching.alpha)
        losses.append(loss)
    return torch.stack(losses)


def _targets(logits: Tensor, lesson: Tensor | None, source: int, *, detach: bool) -> Tensor:
    if source != OUTSIDE:
        return logits[source].detach() if detach else logits[source]
    assert lesson is not None
    return lesson.detach()


def attention_map(maps: Tensor, axis: Literal["channels", "width"] = "channels") -> Tensor:
    """Return the mean square of `maps` (B, C, H, W) over `axis`, flat, each image's at most 1."""
    strength = maps.square().mean(_AXES[axis]).flatten(1)
    return strength / strength.amax(1, keepdim=True).clamp_min(_LEAST)


def matching_loss(
    teacher: Sequence[Tensor], student: Sequence[Tensor], axis: Literal["channels", "width"]
) -> Tensor:
    """Return the mean squared difference of attention maps, averaged over layers, (B,).

    Parameters
    ----------
    teacher, student
        The answers (B, C, H, W) of each quantised convolution.
    """
    apart = [
        (attention_map(mine, axis) - attention_map(theirs.detach(), axis)).square().mean(1)
        for theirs, mine in zip(teacher, student, strict=True)
    ]
    return torch.stack(apart).mean(0)


def matching_losses(
    teacher: Sequence[Sequence[Tensor]], student: Sequence[Sequence[Tensor]], attention: Attention
) -> Tensor:
    """Return `matching_loss` of every member against its teacher's maps, weighted, (N, B)."""
    losses = [
        matching_loss(theirs, mine, attention.axis)
        for theirs, mine in zip(teacher, student, strict=True)
    ]
    return torch.stack(losses) * attention.weight
